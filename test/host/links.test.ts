import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { linksOf } from '../../src/host/links.ts';
import { parseManifest } from '../../src/policy/index.ts';
import { ALLOCATOR, type Arena, makeFolder, manifestOf } from '../arena.ts';

/** Hands a text on to `say` and gives back what that answers. */
const front = {
  wit: 'world guest { import say: func(text: string) -> string; export pass: func(text: string) -> string; }',
  wat: `(module (import "$root" "say" (func $say (param i32 i32 i32))) ${ALLOCATOR}
    (func (export "pass") (param i32 i32) (result i32)
      (call $say (local.get 0) (local.get 1) (i32.const 32)) (i32.const 32)))`,
};
const back = {
  wit: 'world guest { export say: func(text: string) -> string; }',
  wat: `(module ${ALLOCATOR} (func (export "say") (param i32 i32) (result i32)
    (i32.store (i32.const 16) (local.get 0)) (i32.store (i32.const 20) (local.get 1)) (i32.const 16)))`,
};
const link = { from: 'front', import: 'say', to: 'back' };

async function reasonOf(arena: Arena): Promise<string | null> {
  const folder = makeFolder();
  const [report, ...more] = await linksOf(parseManifest(manifestOf(arena, folder), { baseDir: folder }));
  if (report === undefined || more.length > 0) throw new Error('one link is expected');
  expect(report.crossing).toBe(report.reason === null ? 'generated Wasm' : 'lift and lower');
  return report.reason;
}

const gate = { declassify: ['customer:acme'] };
const granted = { grants: ['customer:acme-'] };
const inJavaScript = {
  wasm: resolve('guests/summarise/summarise.wasm'),
  abi: 'assemblyscript',
  wit: { path: resolve('guests/wit/desk.wit'), world: 'desk:text/summariser' },
};
const sumOf = (body: string) => ({
  wit: 'world guest { export say: func(n: u32) -> u32; }',
  wat: `(module (func (export "say") (param i32) (result i32) (local.get 0)) ${body})`,
});
const asks = {
  wit: 'world guest { import say: func(n: u32) -> u32; export ask: func(); }',
  wat: '(module (import "$root" "say" (func (param i32) (result i32))) (func (export "ask")))',
};

describe('a link is crossed in generated Wasm', () => {
  it('between two inline guests', async () => {
    expect(await reasonOf({ compartments: { front, back }, links: [link] })).toBeNull();
  });

  it('unless something stands against it, which is named', async () => {
    const reasons = await Promise.all(
      [
        { compartments: { front: { ...front, ...granted }, back }, links: [{ ...link, ...gate }] },
        { compartments: { front, back: { ...back, ...granted, gates: { say: gate } } }, links: [link] },
        { compartments: { front, back: { ...back, instances: 'per-call' } }, links: [link] },
        { compartments: { front: { ...front, instances: 'per-call' }, back }, links: [link] },
        { compartments: { front, back }, links: [link], limits: { callDepth: 1 } },
        {
          compartments: { front: { ...front, resources: ['say'] } },
          resources: { say: { function: true } },
          links: [{ ...link, to: 'say' }],
        },
        {
          compartments: { asks, back: sumOf('(func (export "cabi_post_say") (param i32))') },
          links: [{ ...link, from: 'asks' }],
        },
      ].map(reasonOf),
    );
    expect(reasons).toEqual([
      'the link has a gate',
      'the export has a gate',
      'back has instances: per-call',
      'front has instances: per-call',
      'limits.callDepth is less than there are compartments',
      'say is a function of the program',
      'back: it has a post-return for plain numbers',
    ]);
  });

  it('unless it is a post, or one end runs in JavaScript', async () => {
    const folder = makeFolder();
    const wit = 'world guest { import say: func(text: string); export go: func(); }';
    const wat =
      '(module (import "$root" "say" (func (param i32 i32))) (memory (export "memory") 1) (func (export "go")))';
    const taker = {
      wit: 'world guest { export say: func(text: string); }',
      wat: `(module ${ALLOCATOR} (func (export "say") (param i32 i32)))`,
    };
    const posted = {
      compartments: { sender: { wit, wat }, taker },
      links: [{ from: 'sender', import: 'say', to: 'taker', post: true }],
    };
    expect(await reasonOf(posted)).toBe('it is a post');

    const base = manifestOf(
      {
        compartments: {
          taker: {
            ...taker,
            wit: 'interface notify { send: func(text: string); } world guest { export notify; }',
            wat: `(module ${ALLOCATOR} (func (export "test:guest/notify#send") (param i32 i32)))`,
          },
        },
      },
      folder,
    );
    const { compartments } = base as { compartments: object };
    const manifest = {
      ...base,
      compartments: { ...compartments, summarise: inJavaScript },
      links: [{ from: 'summarise', import: 'desk:out/notify', to: 'taker', export: 'test:guest/notify' }],
    };
    const [report] = await linksOf(parseManifest(manifest, { baseDir: folder }));
    expect(report?.reason).toBe('summarise: it runs in JavaScript (abi: assemblyscript)');
  });

  it('but through jco where an end is async', async () => {
    const folder = makeFolder();
    const manifest = {
      ...manifestOf({ compartments: {} }, folder),
      compartments: { relay: { wasm: resolve('guests/relay/relay.wasm'), resources: ['slow'] } },
      links: [{ from: 'relay', import: 'test:wait/slow', to: 'slow' }],
      resources: { slow: { function: true } },
    };
    const [report] = await linksOf(parseManifest(manifest, { baseDir: folder }));
    expect(report?.crossing).toBe('through jco');
  });
});
