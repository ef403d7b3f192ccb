import { describe, expect, it } from 'vitest';
import type { FunctionBody } from '../../src/wasm/function-body.ts';
import { ModuleWriter, type Signature } from '../../src/wasm/module-writer.ts';
import { OPCODES } from '../../src/wasm/opcodes.ts';
import { instantiate } from '../abi/fused/scene.ts';

type Run = (...args: unknown[]) => unknown;

/** A module of one function. */
function compile(signature: Signature, write: (body: FunctionBody, module: ModuleWriter) => void): Run {
  const module = new ModuleWriter();
  const { index, body } = module.define(signature);
  module.export('f', 'function', index);
  write(body, module);
  return instantiate(module.finish(), {}).f as Run;
}

const unary = { params: ['i32'], results: ['i32'] } as const;

describe('constants', () => {
  it.each([0, 1, -1, 63, 64, -64, -65, 127, 128, 8191, 8192, 2 ** 31 - 1, -(2 ** 31)])('i32 %d', (value) => {
    expect(compile({ params: [], results: ['i32'] }, (body) => body.i32(value))()).toBe(value);
  });

  it('of 32 bits may be given unsigned', () => {
    expect(compile({ params: [], results: ['i32'] }, (body) => body.i32(0xffff_fffe))()).toBe(-2);
  });

  it.each([0n, -1n, 63n, 64n, -64n, -65n, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 63n])('i64 %d', (value) => {
    const f = compile({ params: [], results: ['i64'] }, (body) => body.i64(value));
    expect(f()).toBe(BigInt.asIntN(64, value));
  });

  it.each(['i32', 'i64', 'f32', 'f64'] as const)('%s zero', (type) => {
    expect(Number(compile({ params: [], results: [type] }, (body) => body.zero(type))())).toBe(0);
  });
});

describe('control', () => {
  it('a loop with a way out', () => {
    const sum = compile(unary, (body) => {
      const total = body.local('i32');
      body.block((exit) => {
        body.loop((again) => {
          body.get(0).op('i32.eqz').branchIf(exit);
          body.get(total, 0).op('i32.add').set(total);
          body.get(0).i32(1).op('i32.sub').set(0).branch(again);
        });
      });
      body.get(total);
    });
    expect(sum(10)).toBe(55);
  });

  it('both arms of a condition, and branches out of them', () => {
    const f = compile(unary, (body) => {
      const answer = body.local('i32');
      body.block((exit) => {
        body.get(0).when(
          () => body.i32(1).set(answer).branch(exit),
          () => body.i32(2).set(answer),
        );
        body.get(answer).i32(10).op('i32.add').set(answer);
      });
      body.get(answer);
    });
    expect([f(1), f(0)]).toEqual([1, 12]);
  });

  it.each([0, 1, 3, 300])('a switch with %d branches', (count) => {
    const f = compile(unary, (body) => {
      const answer = body.local('i32');
      const branches = Array.from({ length: count }, (_, i) => () => void body.i32(i + 100).set(answer));
      // Every value twice, then one for no branch.
      const choice = [...branches.keys(), ...branches.keys(), -1];
      body.switch(0, choice, branches, () => body.op('unreachable'));
      body.get(answer);
    });
    for (let i = 0; i < count; i++) expect([f(i), f(count + i)]).toEqual([i + 100, i + 100]);
    expect(f(2 * count)).toBe(0);
    expect(() => f(2 * count + 1)).toThrow(WebAssembly.RuntimeError);
    expect(() => f(-1)).toThrow(WebAssembly.RuntimeError);
  });
});

describe('locals', () => {
  it('that were given back are used again, by type', () => {
    compile(unary, (body) => {
      const [a, b] = [body.local('i32'), body.local('i64')];
      body.release(a, b);
      expect([body.local('i64'), body.local('i32'), body.local('i32')]).toEqual([b, a, 3]);
      body.get(0);
    });
  });

  it('can be more than 128, of all types', () => {
    const f = compile({ params: ['f64'], results: ['f64'] }, (body) => {
      const last = Array.from({ length: 600 }, (_, i) =>
        body.local((['i32', 'i64', 'f32', 'f64'] as const)[i % 4] ?? 'i32'),
      );
      body.get(0).set(last[599] as number);
      body.get(last[599] as number);
    });
    expect(f(1.5)).toBe(1.5);
  });
});

describe('modules', () => {
  it('several memories: loads, stores, copies and sizes name theirs', () => {
    const module = new ModuleWriter();
    const memories = ['a', 'b', 'c'].map((name) => module.importMemory('m', name));
    const [a, b, c] = memories as [number, number, number];
    const { index, body } = module.define({ params: [], results: ['i32'] });
    module.export('f', 'function', index);
    body.i32(0).i32(0).memory('i32.load', a, 300).memory('i32.store16', b, 1000);
    body.i32(5000).i32(1000).i32(2).memoryCopy(c, b);
    body.memorySize(c);
    const [x, y, z] = [1, 2, 3].map((initial) => new WebAssembly.Memory({ initial })) as [
      WebAssembly.Memory,
      WebAssembly.Memory,
      WebAssembly.Memory,
    ];
    new DataView(x.buffer).setUint32(300, 0x11223344, true);
    const { f } = instantiate(module.finish(), { m: { a: x, b: y, c: z } });
    expect((f as Run)()).toBe(3);
    expect(new DataView(z.buffer).getUint32(5000, true)).toBe(0x3344);
  });

  it('take a shared memory where they say so, and only there', () => {
    const memories = {
      shared: new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }),
      own: new WebAssembly.Memory({ initial: 1, maximum: 1 }),
    };
    for (const [method, taken, refused] of [
      ['importMemory', 'own', 'shared'],
      ['importSharedMemory', 'shared', 'own'],
    ] as const) {
      const module = new ModuleWriter();
      module[method]('m', 'a');
      expect(() => instantiate(module.finish(), { m: { a: memories[taken] } })).not.toThrow();
      expect(() => instantiate(module.finish(), { m: { a: memories[refused] } })).toThrow(WebAssembly.LinkError);
    }
  });

  it('tables, globals and imported functions', () => {
    const module = new ModuleWriter();
    const twice = module.importFunction('m', 'twice', unary);
    const base = module.importGlobal('m', 'base', 'i32');
    const table = module.table(1);
    const [seen, other] = [module.global(-1), module.global(0)];
    const { index, body } = module.define(unary);
    for (const [name, kind, at] of [
      ['f', 'function', index],
      ['t', 'table', table],
      ['seen', 'global', seen],
    ] as const) {
      module.export(name, kind, at);
    }
    body.get(0).setGlobal(seen).getGlobal(other).getGlobal(base).op('i32.add').call(twice);
    body.i32(0).callIndirect(module.type(unary), table);
    const exports = instantiate(module.finish(), { m: { twice: (x: number) => 2 * x, base: 21 } });
    expect((exports.seen as WebAssembly.Global).value).toBe(-1);
    expect(() => (exports.f as Run)(5)).toThrow(WebAssembly.RuntimeError);
    (exports.t as WebAssembly.Table).set(
      0,
      compile(unary, (inner) => inner.get(0).i32(1).op('i32.add')),
    );
    expect((exports.f as Run)(5)).toBe(43);
    expect((exports.seen as WebAssembly.Global).value).toBe(5);
    expect((exports.t as WebAssembly.Table).length).toBe(1);
    expect(() => (exports.t as WebAssembly.Table).grow(1)).toThrow(RangeError);
  });

  it('imports come first', () => {
    const module = new ModuleWriter();
    module.global(0);
    expect(() => module.importMemory('m', 'a')).toThrow('Imports come before');
  });

  it('hints point at the rare branches', () => {
    const module = new ModuleWriter();
    module.importFunction('m', 'f', unary);
    const { body } = module.define(unary);
    body.local('i64');
    body.get(0).rarely(() => body.op('unreachable'));
    body.get(0).when(() =>
      body
        .get(0)
        .op('i32.eqz')
        .rarely(() => body.op('unreachable')),
    );
    body.get(0);
    const bytes = module.finish();
    const compiled = new WebAssembly.Module(bytes);
    const [hints] = WebAssembly.Module.customSections(compiled, 'metadata.code.branch_hint');
    const [functions, index, count, ...rest] = new Uint8Array(hints as ArrayBuffer);
    expect([functions, index, count]).toEqual([1, 1, 2]);
    // The body starts with its declaration of locals, after the section's and its own length.
    const start = Buffer.from(bytes).lastIndexOf(Buffer.from([1, 1, 0x7e, ...OPCODES['local.get'], 0]));
    for (const at of [0, 3]) {
      expect(bytes[start + (rest[at] as number)]).toBe(OPCODES.if[0]);
      expect(rest.slice(at + 1, at + 3)).toEqual([1, 0]);
    }
  });
});
