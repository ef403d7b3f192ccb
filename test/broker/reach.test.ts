import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ALLOCATOR, type Arena, makeHost } from '../arena.ts';

/*
 * The check and the record are in the adapter: there is no way to instantiate a link without them. Shown by walking what
 * each instance was given, down to what those things were given, in turn.
 */

interface Made {
  readonly exports: WebAssembly.Instance['exports'];
  readonly imports: readonly unknown[];
}

const made: Made[] = [];
const Original = WebAssembly.Instance;

/** Everything that was imported by any instance of this process, seen as it is made. */
class Watched extends Original {
  constructor(module: WebAssembly.Module, imports?: WebAssembly.Imports) {
    super(module, imports);
    const given = Object.values(imports ?? {}).flatMap((group) => Object.values(group as object));
    made.push({ exports: this.exports, imports: given });
  }
}

beforeAll(() => {
  WebAssembly.Instance = Watched as typeof WebAssembly.Instance;
});
afterAll(() => {
  WebAssembly.Instance = Original;
});

const pair: Arena = {
  compartments: {
    caller: {
      wit: `world guest { import add: func(a: u32, b: u32) -> u32; import say: func(text: string) -> string;
        export run: func(text: string) -> string; export sum: func() -> u32; }`,
      wat: `(module (import "$root" "add" (func $add (param i32 i32) (result i32)))
        (import "$root" "say" (func $say (param i32 i32 i32))) ${ALLOCATOR}
        (func (export "sum") (result i32) (call $add (i32.const 20) (i32.const 22)))
        (func (export "run") (param i32 i32) (result i32)
          (call $say (local.get 0) (local.get 1) (i32.const 32)) (i32.const 32)))`,
    },
    callee: {
      wit: 'world guest { export add: func(a: u32, b: u32) -> u32; export say: func(text: string) -> string; }',
      wat: `(module ${ALLOCATOR}
        (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
        (func (export "say") (param i32 i32) (result i32)
          (i32.store (i32.const 16) (local.get 0)) (i32.store (i32.const 20) (local.get 1)) (i32.const 16)))`,
    },
  },
  links: [
    { from: 'caller', import: 'add', to: 'callee' },
    { from: 'caller', import: 'say', to: 'callee' },
  ],
};

describe('what an instance can reach', () => {
  it('is the gates of its links: nothing of another instance but through a check and a record', async () => {
    const host = await makeHost(pair);
    made.length = 0;
    expect((await host.call('caller.sum', [], { label: {} })).value).toBe(42);
    expect((await host.call('caller.run', ['grüß dich'], { label: {} })).value).toBe('grüß dich');
    const guests = made.filter(({ exports }) => 'cabi_realloc' in exports);
    const gates = made.filter(({ exports }) => 'decided' in exports);
    const adapters = made.filter((one) => !guests.includes(one) && !gates.includes(one));
    const [caller, callee] = guests.sort((one, other) => other.imports.length - one.imports.length);
    expect([guests.length, gates.length, adapters.length]).toEqual([2, 2, 1]);
    // Each was given its own memory and the word that tells it to stop, which no instruction of a guest can name.
    const own = guests.map(({ exports }) => exports.memory);
    const interrupts = callee?.imports.filter((item) => !own.includes(item as WebAssembly.Memory)) ?? [];
    expect(interrupts).toHaveLength(1);
    expect((interrupts[0] as WebAssembly.Memory).buffer).toBeInstanceOf(SharedArrayBuffer);
    const given = (one: Made | undefined, ...more: unknown[]) =>
      expect(new Set(one?.imports)).toEqual(new Set([one?.exports.memory, ...interrupts, ...more]));
    // The callee was given nothing else; the caller the two gates.
    given(callee);
    given(caller, ...gates.map(({ exports }) => exports.call));
    const belongings = new Set(guests.flatMap(({ exports }) => Object.values(exports)));
    const kernel = gates[0]?.imports.find((item) => item instanceof WebAssembly.Memory);
    for (const gate of gates) {
      // A gate was given the kernel, a constant and functions of the broker: no guest's memory or function.
      expect(gate.imports.filter((item) => belongings.has(item as WebAssembly.ExportValue))).toEqual([]);
      expect(gate.imports.filter((item) => item instanceof WebAssembly.Memory)).toEqual([kernel]);
    }
    // The adapter alone holds both ends, and what reaches it is the gate's table, which no guest has.
    const ends = adapters[0]?.imports.filter((item) => belongings.has(item as WebAssembly.ExportValue)) ?? [];
    expect(ends.filter((item) => item instanceof WebAssembly.Memory)).toHaveLength(2);
    expect(guests.flatMap(({ imports }) => imports).filter((item) => item instanceof WebAssembly.Table)).toEqual([]);
    expect([...belongings].some((item) => item === kernel)).toBe(false);
  });
});
