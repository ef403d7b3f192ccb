import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { SLOT_BYTES } from '../../../src/compartment/process/layout.ts';
import type { ProcessTransport } from '../../../src/compartment/process/process-transport.ts';
import { isCofferdamError } from '../../../src/error.ts';
import { cpuMsOf, launchChild } from './support.ts';

const PATIENCE_MS = 30_000;

function send(transport: ProcessTransport, length: number, first = 1): void {
  const frame = transport.reserve(length);
  frame.fill(length & 255, 0, length);
  frame[0] = first;
  transport.send(length);
}

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (isCofferdamError(error)) return error.code;
    throw error;
  }
  return 'none';
}

describe('frames', { timeout: 60_000 }, () => {
  it.each([1, 2, SLOT_BYTES - 1, SLOT_BYTES, SLOT_BYTES + 1, 3 * SLOT_BYTES, 5_000_000])('of %i bytes', (length) => {
    const { transport } = launchChild('echo');
    for (const _ of [1, 2]) {
      send(transport, length);
      expect(transport.receive(PATIENCE_MS)).toBe(length);
      const { frame } = transport;
      expect(frame[0]).toBe(2);
      expect(frame.subarray(1, length).every((byte) => byte === (length & 255))).toBe(true);
    }
  });

  it('keep their bytes while more room is asked for', () => {
    const { transport } = launchChild('echo');
    transport.reserve(3).set([1, 2, 3]);
    const larger = transport.reserve(100_000);
    larger[99_999] = 4;
    transport.send(100_000);
    expect(transport.receive(PATIENCE_MS)).toBe(100_000);
    expect([...transport.frame.subarray(0, 3), transport.frame[99_999]]).toEqual([2, 2, 3, 4]);
  });

  it('come one after the other, waited for in both ways', async () => {
    const { transport } = launchChild('echo');
    for (let turn = 1; turn < 200; turn++) {
      send(transport, turn, turn);
      const length = turn % 2 === 0 ? transport.receive(PATIENCE_MS) : await transport.receiveAsync(PATIENCE_MS);
      expect([length, transport.frame[0]]).toEqual([turn, turn + 1]);
    }
  });
});

describe('waiting', { timeout: 60_000 }, () => {
  it('ends with its time, and can be taken up again', async () => {
    const { transport } = launchChild('echo');
    send(transport, 1);
    transport.receive(PATIENCE_MS);
    send(transport, 4, 0);
    expect(transport.receive(5)).toBe(-1);
    expect(await transport.receiveAsync(5)).toBe(-1);
    expect(transport.receive(PATIENCE_MS)).toBe(4);
  });

  it('lets the event loop go on, when asked to', async () => {
    const { transport } = launchChild('echo');
    send(transport, 1);
    transport.receive(PATIENCE_MS);
    send(transport, 4, 0);
    const order: string[] = [];
    const timer = delay(10).then(() => order.push('timer'));
    expect(await transport.receiveAsync(PATIENCE_MS)).toBe(4);
    order.push('frame');
    await timer;
    expect(order).toEqual(['timer', 'frame']);
  });

  it('costs an idle child nothing', async () => {
    const { child, transport } = launchChild('echo');
    send(transport, 1);
    transport.receive(PATIENCE_MS);
    await delay(500);
    const before = cpuMsOf(child.pid);
    await delay(3_000);
    expect(cpuMsOf(child.pid) - before).toBeLessThanOrEqual(10);
  });
});

describe('a child that dies', { timeout: 60_000 }, () => {
  it('is noticed by who blocks', () => {
    const { child, transport } = launchChild('echo');
    send(transport, 1);
    transport.receive(PATIENCE_MS);
    process.kill(child.pid, 'SIGKILL');
    send(transport, 1);
    const start = performance.now();
    expect(codeOf(() => transport.receive(PATIENCE_MS))).toBe('COMPARTMENT_DIED');
    expect(performance.now() - start).toBeLessThan(1_000);
  });

  it('is noticed by who waits', async () => {
    const { child, transport } = launchChild('echo');
    send(transport, 1);
    transport.receive(PATIENCE_MS);
    send(transport, 1, 0);
    setTimeout(() => process.kill(child.pid, 'SIGKILL'), 20);
    await expect(transport.receiveAsync(PATIENCE_MS)).rejects.toMatchObject({ code: 'COMPARTMENT_DIED' });
  });

  it('is noticed in the middle of a frame, and after it', () => {
    const { child, transport } = launchChild('echo');
    send(transport, 1);
    transport.receive(PATIENCE_MS);
    process.kill(child.pid, 'SIGKILL');
    expect(codeOf(() => send(transport, 3 * SLOT_BYTES))).toBe('COMPARTMENT_DIED');
    expect(codeOf(() => send(transport, 1))).toBe('COMPARTMENT_DIED');
  });

  it('leaves what it has said', async () => {
    const { child, transport } = launchChild('echo');
    send(transport, 7);
    await delay(1_000);
    process.kill(child.pid, 'SIGKILL');
    await delay(50);
    expect(transport.receive(PATIENCE_MS)).toBe(7);
    expect(codeOf(() => transport.receive(PATIENCE_MS))).toBe('COMPARTMENT_DIED');
  });

  it('says why, where it can', () => {
    const { transport } = launchChild('missing');
    send(transport, 1);
    try {
      transport.receive(PATIENCE_MS);
      expect.unreachable();
    } catch (error) {
      expect((error as Error).message).toContain('Cannot find module');
    }
  });
});

it('a transport that was closed is of no use any more', () => {
  const { child, transport } = launchChild('echo');
  child.close();
  transport.close();
  expect(codeOf(() => transport.receive(1))).toBe('INSTANCE_STOPPED');
  transport.reserve(1);
  expect(codeOf(() => transport.send(1))).toBe('INSTANCE_STOPPED');
});
