import type { CanonOptions, PlanResource } from '../wasm/plan.ts';
import type { ValType } from '../wasm/types.ts';
import type { Emitter } from './emitter.ts';
import { layoutOf, unsupported } from './layout.ts';
import { STRING_CODECS } from './strings.ts';

/** What emitting needs to know besides the type. */
export interface EmitContext {
  readonly emitter: Emitter;
  readonly resources: readonly PlanResource[];
  readonly encoding: CanonOptions['encoding'];
}

/** DataView's name for a scalar of this kind. */
const ACCESS: Readonly<Record<string, string>> = {
  bool: 'Uint8',
  u8: 'Uint8',
  s8: 'Int8',
  u16: 'Uint16',
  s16: 'Int16',
  u32: 'Uint32',
  s32: 'Int32',
  u64: 'BigUint64',
  s64: 'BigInt64',
  f32: 'Float32',
  f64: 'Float64',
  char: 'Uint32',
  own: 'Uint32',
  borrow: 'Uint32',
};

/** An expression that reads the scalar at `at`; `type` may be given by the size of a discriminant. */
export const emitGet = (type: ValType | number, at: string): string => `cx.view.get${accessOf(type)}(${at}, true)`;

export const emitSet = (type: ValType | number, at: string, value: string): string =>
  `cx.view.set${accessOf(type)}(${at}, ${value}, true);`;

function accessOf(type: ValType | number): string {
  if (typeof type === 'number') return `Uint${type * 8}`;
  // Enums and flags are unsigned integers of their size.
  return Object.hasOwn(ACCESS, type.kind) ? (ACCESS[type.kind] as string) : `Uint${layoutOf(type).size * 8}`;
}

export const isPrimitive = (type: ValType): boolean => Object.hasOwn(ACCESS, type.kind);

export const address = (pointer: string, offset: number): string => (offset === 0 ? pointer : `${pointer} + ${offset}`);

/** A name for helpers that differ by encoding. */
export const roleOf = (prefix: string, { encoding }: EmitContext): string =>
  `${prefix}${Object.keys(STRING_CODECS).indexOf(encoding)}_`;

export function resourceOf({ resources }: EmitContext, { resource }: { resource: number }): PlanResource {
  const found = resources[resource];
  if (found === undefined) throw unsupported(`resource ${resource}, which its plan does not have`);
  return found;
}
