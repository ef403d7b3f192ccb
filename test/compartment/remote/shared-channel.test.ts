import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import {
  CHANNEL_BYTES,
  makeSharedChannel,
  markEnded,
  type SharedChannel,
  SharedTransport,
} from '../../../src/compartment/remote/shared-channel.ts';
import { codeOf } from '../support.ts';

const MAX = 10 * CHANNEL_BYTES;

/** A peer that sends back what it got, until it gets a frame of one byte: then it does what `last` says. */
function startEcho(channel: SharedChannel, last = ''): Worker {
  const url = new URL('../../../src/compartment/remote/shared-channel.ts', import.meta.url).href;
  const code = `
    const { SharedTransport } = await import(${JSON.stringify(url)});
    const { workerData } = await import('node:worker_threads');
    const transport = new SharedTransport(workerData, { side: 'child', maxBytes: ${MAX} });
    for (;;) {
      const length = transport.receive(Infinity);
      if (length === 1) { ${last} }
      const frame = transport.frame.slice(0, length);
      transport.reserve(length).set(frame);
      transport.send(length);
    }`;
  return new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`), { workerData: channel, execArgv: [] });
}

function parentOf(channel: SharedChannel): SharedTransport {
  return new SharedTransport(channel, { side: 'parent', maxBytes: MAX });
}

function send(transport: SharedTransport, bytes: Uint8Array): void {
  transport.reserve(bytes.length).set(bytes);
  transport.send(bytes.length);
}

const patterned = (length: number) => Uint8Array.from({ length }, (_, i) => i * 31);

describe('a shared channel', () => {
  it('carries frames of any size, in pieces where they are larger than it', async () => {
    const channel = makeSharedChannel();
    const peer = startEcho(channel);
    const transport = parentOf(channel);
    for (const size of [16, CHANNEL_BYTES, CHANNEL_BYTES + 1, 3 * CHANNEL_BYTES, 17, MAX]) {
      const bytes = patterned(size);
      send(transport, bytes);
      expect(transport.receive(20_000)).toBe(size);
      expect(Buffer.compare(transport.frame.subarray(0, size), bytes)).toBe(0);
    }
    const bytes = patterned(2 * CHANNEL_BYTES);
    send(transport, bytes);
    expect(await transport.receiveAsync(20_000)).toBe(bytes.length);
    expect(Buffer.compare(transport.frame.subarray(0, bytes.length), bytes)).toBe(0);
    await peer.terminate();
  });

  it('says when the time has passed, and can be asked again', async () => {
    const channel = makeSharedChannel();
    const transport = parentOf(channel);
    send(transport, patterned(16)); // nobody is there yet
    expect(transport.receive(5)).toBe(-1);
    expect(await transport.receiveAsync(5)).toBe(-1);
    const peer = startEcho(channel);
    expect(transport.receive(20_000)).toBe(16);
    await peer.terminate();
  });

  it('refuses a frame that is larger than any may be', async () => {
    const channel = makeSharedChannel();
    const peer = startEcho(channel, `transport.reserve(${MAX + 1}); transport.send(${MAX + 1});`);
    const transport = parentOf(channel);
    send(transport, patterned(1));
    expect(codeOf(() => transport.receive(20_000))).toBe('COMPARTMENT_DIED');
    await peer.terminate();
  });

  it('wakes whoever waits for a peer that ends, also from a thread that cannot hear of it', async () => {
    const channel = makeSharedChannel();
    const transport = parentOf(channel);
    send(transport, patterned(16));
    const waiting = transport.receiveAsync(20_000);
    markEnded(channel, 'memory');
    await expect(waiting).rejects.toMatchObject({
      code: 'COMPARTMENT_DIED',
      details: { reason: 'its thread ran out of memory' },
    });
    expect(codeOf(() => transport.receive(20_000))).toBe('COMPARTMENT_DIED');
  });

  it('still gives the frame that a peer sent before it ended', async () => {
    const channel = makeSharedChannel();
    const peer = startEcho(channel);
    const transport = parentOf(channel);
    send(transport, patterned(16));
    const words = new Int32Array(channel.words);
    while (Atomics.load(words, 0) !== 4) Atomics.wait(words, 0, 2, 10);
    await peer.terminate();
    markEnded(channel, 'ended');
    expect(transport.receive(1000)).toBe(16);
    send(transport, patterned(16));
    expect(codeOf(() => transport.receive(1000))).toBe('COMPARTMENT_DIED');
  });

  it('is closed for good, for whoever waits and whoever comes', async () => {
    const transport = parentOf(makeSharedChannel());
    send(transport, patterned(16));
    const waiting = transport.receiveAsync(20_000);
    transport.close();
    await expect(waiting).rejects.toMatchObject({ code: 'INSTANCE_STOPPED' });
    expect(codeOf(() => send(transport, patterned(16)))).toBe('INSTANCE_STOPPED');
  });
});

describe('a peer', () => {
  it('that sleeps is woken by the next frame', async () => {
    const channel = makeSharedChannel();
    const peer = startEcho(channel);
    const transport = parentOf(channel);
    for (const pause of [0, 20, 60]) {
      await new Promise((resolve) => setTimeout(resolve, pause));
      send(transport, patterned(16));
      expect(transport.receive(20_000)).toBe(16);
    }
    const exit = once(peer, 'exit');
    await peer.terminate();
    await exit;
  });
});
