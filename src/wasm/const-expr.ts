import { readHeapType, type TypeName } from './core-types.ts';
import type { Reader } from './reader.ts';

/**
 * Reads past a constant expression (a global's or table's first value). Its type is for the engine to check.
 * Core specification, "Constant Expressions", with the extended-const and GC instructions.
 */
export function skipConstExpr(reader: Reader, typeName: TypeName, onIndex: OnIndex = () => {}): void {
  for (;;) {
    const code = reader.byte();
    if (code === 0x0b) return;
    skipInstruction(reader, code, typeName, onIndex);
  }
}

/** Told of each global and function that is named, and where its index stands. */
export type OnIndex = (kind: 'global' | 'function', index: number, start: number, end: number) => void;

function skipInstruction(reader: Reader, code: number, typeName: TypeName, onIndex: OnIndex): void {
  switch (code) {
    case 0x41: // i32.const
      reader.s32();
      return;
    case 0x42: // i64.const
      reader.s64();
      return;
    case 0x43: // f32.const
      reader.skip(4);
      return;
    case 0x44: // f64.const
      reader.skip(8);
      return;
    case 0x23: // global.get
    case 0xd2: {
      // ref.func
      const start = reader.offset;
      const index = reader.u32();
      onIndex(code === 0x23 ? 'global' : 'function', index, start, reader.offset);
      return;
    }
    case 0xd0: // ref.null
      readHeapType(reader, typeName);
      return;
    case 0x6a: // i32.add, sub, mul; i64.add, sub, mul
    case 0x6b:
    case 0x6c:
    case 0x7c:
    case 0x7d:
    case 0x7e:
      return;
    case 0xfb:
      skipGcInstruction(reader);
      return;
    case 0xfd:
      if (reader.u32() !== 12) break; // v128.const
      reader.skip(16);
      return;
  }
  reader.fail('WASM_MALFORMED', 'An instruction that no constant expression can have');
}

function skipGcInstruction(reader: Reader): void {
  const code = reader.u32();
  switch (code) {
    case 0: // struct.new, struct.new_default, array.new, array.new_default
    case 1:
    case 6:
    case 7:
      reader.u32();
      return;
    case 8: // array.new_fixed
      reader.u32();
      reader.u32();
      return;
    case 26: // any.convert_extern, extern.convert_any, ref.i31
    case 27:
    case 28:
      return;
  }
  reader.fail('WASM_MALFORMED', 'An instruction that no constant expression can have');
}
