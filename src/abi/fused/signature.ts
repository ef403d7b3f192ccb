import type { Signature } from '../../wasm/module-writer.ts';
import type { FuncType, ValType } from '../../wasm/types.ts';
import { flattenFunction, layoutOf } from '../layout.ts';

/** What the caller's core module imports for a function of this type. */
export function callerSignature(type: FuncType): Signature {
  const { params, results, indirectResult } = flattenFunction(type);
  return indirectResult ? { params: [...params, 'i32'], results: [] } : { params, results };
}

export const paramTypes = (type: FuncType): readonly ValType[] => type.params.map((param) => param.type);

/** Bytes of the values themselves, without what their strings and lists point to. */
export const fixedBytes = (types: readonly ValType[]): number =>
  types.reduce((sum, type) => sum + layoutOf(type).size, 0);
