import type { FunctionBody } from '../../wasm/function-body.ts';
import type { ValType } from '../../wasm/types.ts';
import type { Translator } from './translator.ts';

/**
 * Checks or normalises a value of one core value, in a local: afterwards it is as lowering would have made it.
 * NaNs keep their payloads.
 */
export function emitScalar(translator: Translator, body: FunctionBody, type: ValType, local: number): void {
  switch (type.kind) {
    case 'bool':
      body.get(local).i32(0).op('i32.ne').set(local);
      return;
    case 'u8':
      mask(body, local, 0xff);
      return;
    case 'u16':
      mask(body, local, 0xffff);
      return;
    case 's8':
      body.get(local).op('i32.extend8_s').set(local);
      return;
    case 's16':
      body.get(local).op('i32.extend16_s').set(local);
      return;
    case 'flags':
      if (type.names.length < 32) mask(body, local, 2 ** type.names.length - 1);
      return;
    case 'enum':
      body.get(local).i32(type.names.length).op('i32.ge_u');
      body.rarely(() => translator.giverFault(body, 'ABI_DISCRIMINANT'));
      return;
    case 'char':
      // Surrogates become the 0x800 smallest numbers, then wrap around to the largest.
      body.get(local).i32(0xd800).op('i32.xor').i32(0x800).op('i32.sub').i32(0x10f800).op('i32.ge_u');
      body.rarely(() => translator.giverFault(body, 'ABI_CHAR'));
      return;
    default:
  }
}

const mask = (body: FunctionBody, local: number, bits: number): FunctionBody =>
  body.get(local).i32(bits).op('i32.and').set(local);
