import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createHost, type Host, queryEvents } from '../../src/index.ts';
import { codeOf, makeFolder, manifestOf } from '../arena.ts';

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
