import { describe, expect, it } from 'vitest';
import { codeOf, makeHost } from '../arena.ts';

const nobody = { label: {} };
/** Waits for a host function, then sends a number on. */
const waiter = {
  wit: 'world guest { import wait: func(); import out: func(n: u32); export go: func(); }',
  wat: `(module (import "$root" "wait" (func $wait)) (import "$root" "out" (func $out (param i32))) (memory (export "memory") 1)
    (func (export "go") (call $wait) (call $out (i32.const 5))))`,
  resources: ['pause', 'sink'],
};
const arena = {
  compartments: { waiter, other: { ...waiter } },
  links: ['waiter', 'other'].flatMap((from) => [
    { from, import: 'wait', to: 'pause' },
    { from, import: 'out', to: 'sink', post: true },
  ]),
  resources: { pause: { function: true }, sink: { function: true } },
};

function makePause() {
  let go = () => {};
  const got: unknown[] = [];
  const pause = () => new Promise<void>((resolve) => (go = resolve));
  return { got, go: () => go(), resources: { pause, sink: (n: unknown) => void got.push(n) } };
}
const aMoment = () => new Promise((resolve) => setTimeout(resolve, 10));

describe('what counts is what is in force when a message crosses', () => {
  it('a call that waits for a busy instance can be given up', async () => {
    const { resources, go } = makePause();
    const host = await makeHost(arena, { resources });
    const first = host.call('waiter.go', [], nobody);
    const abort = new AbortController();
    const second = codeOf(() => host.call('waiter.go', [], { ...nobody, signal: abort.signal }));
    await aMoment();
    abort.abort();
    expect(await second).toBe('CALL_ABORTED'); // though the first goes on
    go();
    await first;
  });

  it('a guest that is unloaded while it is inside a call sends nothing any more', async () => {
    const { resources, go, got } = makePause();
    const host = await makeHost(arena, { resources });
    const call = codeOf(() => host.call('waiter.go', [], nobody));
    await aMoment();
    await host.unload('waiter');
    go();
    expect(await call).toBe('TARGET_UNKNOWN');
    await host.drained();
    expect([got, host.compartments().flatMap(({ instances }) => instances)]).toEqual([[], []]);
  });

  it('a guest that is replaced finishes, and what it sends arrives', async () => {
    const { resources, go, got } = makePause();
    const host = await makeHost(arena, { resources });
    const call = codeOf(() => host.call('waiter.go', [], nobody));
    await aMoment();
    await host.replace('waiter', { limits: { queue: 9 } });
    go();
    expect(await call).toBeUndefined();
    await host.drained();
    expect([got, host.compartments().flatMap(({ instances }) => instances)]).toEqual([[5], []]);
  });

  it('a post at the greatest depth is no call too many', async () => {
    const got: unknown[] = [];
    const poster = {
      wit: 'world guest { import out: func(n: u32); export go: func(); }',
      wat: `(module (import "$root" "out" (func $out (param i32))) (memory (export "memory") 1) (func (export "go") (call $out (i32.const 1))))`,
      resources: ['sink'],
    };
    const host = await makeHost(
      {
        compartments: { poster },
        links: [{ from: 'poster', import: 'out', to: 'sink', post: true }],
        resources: { sink: { function: true } },
        limits: { callDepth: 1 },
      },
      { resources: { sink: (n: unknown) => void got.push(n) } },
    );
    await host.call('poster.go', [], nobody);
    await host.drained();
    expect(got).toEqual([1]);
  });
});
