import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createHost, type Host, queryEvents } from '../../src/index.ts';
import { codeOf, makeFolder, manifestOf } from '../arena.ts';
import { sleep } from './jco-support.ts';

const GUESTS = new URL('../../guests/', import.meta.url);
const acme = { secrecy: ['customer:acme'] };
const clearance = { secrecy: ['customer:*'] };
const SUPPLY = 'source.test:flow/supply#produce';
const TOTAL = 'sink.test:flow/demand#total';
type Bytes = AsyncIterable<Uint8Array> & AsyncDisposable;
const open: Host[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((host) => host.close()));
});

interface Setting {
  readonly source?: object;
  readonly sink?: object;
  /** Who answers the imports of `sink`: `source`, `other` (a second sink) or `program`. */
  readonly supply?: string;
  readonly demand?: string;
  /** Of the program's functions. */
  readonly label?: object;
  readonly program?: { produce?: (count: number, size: number) => unknown; total?: (bytes: Bytes) => unknown };
  readonly more?: object;
  readonly link?: object;
}

/** `sink` and `source`, and a second sink whose imports the program serves. */
async function hostWith(setting: Setting = {}) {
  const { supply = 'source', demand = 'other', program = {}, label = {}, link = {} } = setting;
  const folder = makeFolder();
  for (const name of ['source', 'sink']) {
    copyFileSync(new URL(`${name}/${name}.wasm`, GUESTS), join(folder, `${name}.wasm`));
  }
  const sink = { wasm: './sink.wasm', clearance, limits: { message: '16KiB' } };
  const manifest = {
    ...manifestOf({ compartments: {}, ...setting.more }, folder),
    compartments: {
      source: { wasm: './source.wasm', clearance, limits: { message: '16KiB' }, ...setting.source },
      sink: { ...sink, resources: ['program'], ...setting.sink },
      other: { ...sink, resources: ['program'] },
    },
    links: [
      { from: 'sink', import: 'test:flow/supply', to: supply, ...link },
      { from: 'sink', import: 'test:flow/demand', to: demand },
      { from: 'other', import: 'test:flow/supply', to: 'program' },
      { from: 'other', import: 'test:flow/demand', to: 'program' },
    ],
    resources: { program: { function: true, label } },
  };
  const { produce = () => [], total = () => 0n } = program;
  const resources = {
    program: {
      produce: (c: unknown, s: unknown) => produce(Number(c), Number(s)),
      total: (b: unknown) => total(b as Bytes),
    },
  };
  const host = await createHost(manifest, { baseDir: folder, resources });
  open.push(host);
  return { host, folder };
}

async function collect(bytes: Bytes): Promise<number[]> {
  const all: number[] = [];
  for await (const chunk of bytes) all.push(...chunk);
  return all;
}

/** Chunks of `size` ones, as many as are asked for; counts them. */
function ones(size: number, count = Number.POSITIVE_INFINITY) {
  const state = { given: 0, isOver: false };
  async function* chunks() {
    try {
      while (state.given < count) {
        state.given += 1;
        yield new Uint8Array(size).fill(1);
      }
    } finally {
      state.isOver = true;
    }
  }
  return { chunks: chunks(), state };
}

describe('a stream', () => {
  it('comes from a guest, which goes on writing after its call', async () => {
    const { host } = await hostWith();
    const { value } = await host.call<Bytes>(SUPPLY, [3, 2], { label: {} });
    expect(await collect(value)).toEqual([3, 3, 2, 2, 1, 1]);
    const again = await host.call<Bytes>(SUPPLY, [1, 1], { label: {} });
    expect(await collect(again.value)).toEqual([1]);
  });

  it('is given to a guest, as chunks of any size within a message', async () => {
    const { host } = await hostWith();
    const chunks = [[], [1], new Uint8Array(16_000).fill(1), [], [2, 3]];
    expect((await host.call(TOTAL, [chunks], { label: {} })).value).toBe(16_006n);
    expect((await host.call(TOTAL, [ReadableStream.from(ones(10, 5).chunks)], { label: {} })).value).toBe(50n);
    expect(await codeOf(() => host.call(TOTAL, [[new Uint8Array(16_385)]], { label: {} }))).toBe('LIMIT_MESSAGE');
    expect(await codeOf(() => host.call(TOTAL, [[[256]]], { label: {} }))).toBe('RESULT_TYPE');
    expect(await codeOf(() => host.call(TOTAL, [7], { label: {} }))).toBe('ARGUMENT_TYPE');
    expect((await host.call(TOTAL, [[]], { label: {} })).value).toBe(0n);
  });

  it('crosses between two compartments, and each chunk is in the journal with its bytes', async () => {
    const { host, folder } = await hostWith({ more: { audit: { path: './audit.db' } } });
    expect((await host.call('sink.fetch', [3, 20_000, 1_000_000], { label: acme })).value).toBe(120_000n);
    await host.close();
    const replies = [...queryEvents(join(folder, 'audit.db'))].flatMap((event) =>
      event.kind === 'reply' && event.outcome === 'stream' ? [event] : [],
    );
    expect(replies.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(60_000);
    expect(Math.max(...replies.map(({ bytes }) => bytes))).toBeLessThanOrEqual(16_384);
    for (const { from, to, label, message } of replies) {
      expect([from.split('#')[0], to.split('#')[0]]).toEqual(['source@{customer:acme}', 'sink@{customer:acme}']);
      expect([label.secrecy, message]).toEqual([['customer:acme'], 2]);
    }
  });

  it('is handed on, from the program through a guest to another one', async () => {
    const { host, folder } = await hostWith({ more: { audit: { path: './audit.db' } } });
    expect((await host.call('sink.hand-over', [[[1, 2], [3]]], { label: acme })).value).toBe(6n);
    await host.close();
    const posts = [...queryEvents(join(folder, 'audit.db'))].flatMap((event) => (event.kind === 'post' ? [event] : []));
    const sizes = (to: string) => posts.filter((event) => event.to === to).reduce((sum, { bytes }) => sum + bytes, 0);
    expect([sizes('sink'), sizes('other')]).toEqual([3, 3]);
  });

  it('goes to functions of the program and comes from them', async () => {
    const program = {
      produce: (count: number, size: number) => ones(size, count).chunks,
      total: async (bytes: Bytes) => BigInt((await collect(bytes)).length),
    };
    const { host } = await hostWith({ supply: 'program', demand: 'program', program });
    expect((await host.call('sink.fetch', [4, 100, 1_000_000], { label: {} })).value).toBe(400n);
    expect((await host.call('sink.hand-over', [[[1, 2], [3]]], { label: {} })).value).toBe(3n);
  });
});

describe('the end of a stream', () => {
  it('is told to a writer when the program stops reading', async () => {
    const { host } = await hostWith();
    const { value } = await host.call<Bytes>(SUPPLY, [1_000_000, 1000], { label: {} });
    for await (const chunk of value) {
      expect(chunk.length).toBeGreaterThan(0);
      break;
    }
    // The source is free, and starts anew.
    expect(await collect((await host.call<Bytes>(SUPPLY, [1, 1], { label: {} })).value)).toEqual([1]);
  });

  it('is told to a writer when a guest stops reading', async () => {
    const { host } = await hostWith();
    for (let i = 0; i < 3; i++) {
      const { value } = await host.call('sink.fetch', [1_000_000, 1000, 5000], { label: {} });
      expect(value).toBeGreaterThan(0n);
    }
  });

  it('is its failure when the writer stops in the middle, with the code of what stopped it', async () => {
    const { host } = await hostWith();
    const { value } = await host.call<Bytes>(SUPPLY, [1_000_000, 1000], { label: {} });
    const iterator = value[Symbol.asyncIterator]();
    await iterator.next();
    await host.replace('source', { limits: { message: '8KiB' } });
    expect(await codeOf(() => iterator.next())).toMatch(/^(INSTANCE_STOPPED|TARGET_UNKNOWN)$/);
    expect((await iterator.next()).done).toBe(true);
  });

  it('ends a guest that reads, since half a stream is no stream', async () => {
    let fail = () => {};
    async function* failing() {
      yield [1];
      await new Promise<void>((resolve) => {
        fail = resolve;
      });
      throw new Error('no more');
    }
    const { host } = await hostWith();
    const call = codeOf(() => host.call(TOTAL, [failing()], { label: {} }));
    await sleep(50);
    fail();
    expect(await call).toBe('RESOURCE_FAILED');
    expect((await host.call(TOTAL, [[[1]]], { label: {} })).value).toBe(1n);
  });

  it('comes with a signal, also after the call', async () => {
    const { host } = await hostWith();
    const controller = new AbortController();
    const { value } = await host.call<Bytes>(SUPPLY, [1_000_000, 1000], { label: {}, signal: controller.signal });
    const iterator = value[Symbol.asyncIterator]();
    await iterator.next();
    controller.abort();
    expect(await codeOf(() => iterator.next())).toBe('CALL_ABORTED');
  });

  it('comes when the host closes, also for a source of the program that never answers', async () => {
    const { host } = await hostWith();
    const { value } = await host.call<Bytes>(SUPPLY, [1_000_000, 1000], { label: {} });
    const silent = { [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => {}) }) };
    const call = codeOf(() => host.call(TOTAL, [silent], { label: {} }));
    await sleep(50);
    await host.close({ graceMs: 100 });
    expect(await call).toBeDefined();
    expect(await codeOf(() => value[Symbol.asyncIterator]().next())).toBeDefined();
  });

  it('is the end of an instance per call', async () => {
    const { host } = await hostWith({ source: { instances: 'per-call' } });
    const live = () => host.compartments().find(({ name }) => name === 'source')?.instances.length;
    const one = await host.call<Bytes>(SUPPLY, [2, 3], { label: {} });
    const other = await host.call<Bytes>(SUPPLY, [1_000_000, 1000], { label: {} });
    expect(live()).toBe(2);
    expect(await collect(one.value)).toEqual([2, 2, 2, 1, 1, 1]);
    expect(live()).toBe(1);
    await other.value[Symbol.asyncDispose]();
    expect(live()).toBe(0);
  });
});

describe('a stream flows', () => {
  it('only where its call and its reply may', async () => {
    let asked = 0;
    const program = {
      produce: () => {
        asked += 1;
        return [[1]];
      },
    };
    const secret = await hostWith({ supply: 'program', program, label: acme });
    expect(await codeOf(() => secret.host.call('sink.fetch', [1, 1, 9], { label: {} }))).toBe('FLOW_DENIED');
    expect(asked).toBe(0);
    expect((await secret.host.call('sink.fetch', [1, 1, 9], { label: acme })).value).toBe(1n);
    const open = await hostWith({ supply: 'program', program });
    expect(await codeOf(() => open.host.call('sink.fetch', [1, 1, 9], { label: acme }))).toBe('FLOW_DENIED');
    expect(asked).toBe(1);
  });

  it('comes to the program with a label, and to a session that may hold it', async () => {
    const { host } = await hostWith();
    const session = host.session({ clearance });
    const reply = await session.call<Bytes>(SUPPLY, [1, 1], { label: acme });
    expect([reply.label.secrecy, session.label.secrecy]).toEqual([['customer:acme'], ['customer:acme']]);
    const low = host.session({ clearance: {} });
    expect(await codeOf(() => low.call(SUPPLY, [1, 1], { label: acme }))).toBe('SESSION_CLEARANCE');
  });

  it('no more once a session has risen above what it passed it at', async () => {
    const { host } = await hostWith();
    const session = host.session({ clearance });
    async function* chunks() {
      yield [1];
      await session.call(SUPPLY, [1, 1], { label: acme });
      yield [2];
    }
    expect(await codeOf(() => session.call(TOTAL, [chunks()], { label: {} }))).toBe('FLOW_DENIED');
    expect((await session.call(TOTAL, [[[1], [2]]])).value).toBe(3n);
  });

  it('at one label whatever becomes of one at another', async () => {
    const { host } = await hostWith();
    const held = await host.call<Bytes>(SUPPLY, [1_000_000, 10_000], { label: acme });
    const iterator = held.value[Symbol.asyncIterator]();
    await iterator.next();
    expect(await collect((await host.call<Bytes>(SUPPLY, [2, 1], { label: {} })).value)).toEqual([2, 1]);
    await iterator.return?.();
    expect(await collect((await host.call<Bytes>(SUPPLY, [2, 1], { label: {} })).value)).toEqual([2, 1]);
  });

  it('through no gate and no post', async () => {
    const gate = { declassify: ['customer:*'], budget: { bytes: '64/min' } };
    const grants = ['customer:*-'];
    expect(await codeOf(() => hostWith({ link: gate, sink: { grants } }))).toBe('LINK_STREAM');
    const gates = { produce: gate };
    expect(await codeOf(() => hostWith({ source: { gates, grants } }))).toBe('LINK_STREAM');
    const { host } = await hostWith();
    expect(await codeOf(() => host.post(SUPPLY, [1, 1], { label: {} }))).toBe('LINK_STREAM');
  });
});

describe('a writer', () => {
  it('is asked for no more than is read', async () => {
    const { chunks, state } = ones(16_000);
    const { host } = await hostWith({ supply: 'program', program: { produce: () => chunks } });
    expect((await host.call('sink.fetch', [1, 1, 40_000], { label: {} })).value).toBeLessThan(64_000n);
    expect(state.given).toBeLessThanOrEqual(4);
    expect(state.isOver).toBe(true);
    const unread = ones(16_000);
    await host.call('sink.hold', [unread.chunks], { label: {} });
    await sleep(50);
    expect(unread.state.given).toBe(0);
  });

  it('gives megabytes, and the heap does not keep them', async () => {
    const { host } = await hostWith();
    const measure = async (count: number) => {
      expect((await host.call('sink.fetch', [count, 16_000, 4_000_000_000], { label: {} })).value).toBeGreaterThan(0n);
      globalThis.gc?.();
      return process.memoryUsage().heapUsed;
    };
    await measure(10);
    const before = await measure(10);
    const after = await measure(500);
    // Eight megabytes have passed, as numbers in arrays 64 of them.
    expect(after - before).toBeLessThan(32 * 1_048_576);
  }, 60_000);
});
