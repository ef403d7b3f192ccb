import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { describe, expect, it } from 'vitest';
import { inspectModule } from '../../src/wasm/index.ts';
import { codeOf } from './support/errors.ts';
import { makeRandom, mutate } from './support/mutants.ts';

const MUTANTS = 4000;

/** Every kind of import and export, constant expressions of many kinds, and types that refer to each other. */
const MODULE = `(module
  (type $list (struct (field (mut i32)) (field (ref null $list))))
  (type $bytes (array (mut i8)))
  (rec (type $a (func (param (ref null $b)))) (type $b (sub (struct))))
  (import "a" "f" (func $f (param i32 i64 f32 f64) (result i32 i64)))
  (import "a" "m" (memory 1 9))
  (import "a" "t" (table 1 20 funcref))
  (import "a" "g" (global $g i32))
  (import "a" "e" (tag (param i32)))
  (table $x (export "t") 3 externref)
  (table 2 (ref null func) (ref.null func))
  (memory (export "m") 1 2)
  (global (export "g") (mut i64) (i64.const -9))
  (global f32 (f32.const 1)) (global f64 (f64.const 2)) (global i32 (i32.add (global.get $g) (i32.const 3)))
  (global (ref null $list) (struct.new_default $list))
  (global (ref $bytes) (array.new_fixed $bytes 2 (i32.const 1) (i32.const 2)))
  (global funcref (ref.func $f)) (global v128 (v128.const i32x4 1 2 3 4))
  (global (ref i31) (ref.i31 (i32.const 5)))
  (tag (export "e") (param i64))
  (func $s) (start $s)
  (func (export "f") (param i32) (result i32) (local.get 0))
  (elem (i32.const 0) $s) (elem declare func $f)
  (data (i32.const 0) "abc") (data "passive"))`;

describe('the engine and our module inspector', () => {
  it('read mutants of a module alike: what the engine accepts, we read, with the same imports and exports', async () => {
    const bytes = await parse(MODULE);
    const places = Array.from(bytes.keys());
    const random = makeRandom(7);
    let accepted = 0;
    for (let count = 0; count < MUTANTS; count++) {
      const mutant = Uint8Array.from(mutate(bytes, places, random));
      const code = codeOf(() => inspectModule(mutant));
      if (!WebAssembly.validate(mutant)) {
        expect(['none', 'WASM_TRUNCATED', 'WASM_MALFORMED', 'WASM_LIMIT', 'WASM_UNSUPPORTED']).toContain(code);
        continue;
      }
      accepted += 1;
      const module = new WebAssembly.Module(mutant);
      const info = inspectModule(mutant);
      const imports = info.imports.map((item) => ({
        module: item.module,
        name: item.name,
        kind: kindOf(item.type.kind),
      }));
      expect(imports).toEqual(WebAssembly.Module.imports(module));
      const exports = info.exports.map((item) => ({ name: item.name, kind: kindOf(item.type.kind) }));
      expect(exports).toEqual(WebAssembly.Module.exports(module));
    }
    expect(accepted).toBeGreaterThan(MUTANTS / 50);
  });
});

function kindOf(kind: string): string {
  return kind === 'func' ? 'function' : kind;
}
