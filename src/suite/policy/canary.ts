import { inspect } from 'node:util';
import { camelCase } from '../../abi/names.ts';
import type { ValType } from '../../wasm/types.ts';

/** Data that can be told again wherever it arrives: as text, in bytes, or as a number. Unlikely anywhere else. */
export interface Canary {
  readonly text: string;
  /** A u32. */
  readonly number: number;
}

const MAX_DEPTH = 32;

/** A value of the type that carries the canary wherever one fits: as a function's JavaScript caller would write it. */
export function fill(type: ValType, canary: Canary, depth = 0): unknown {
  if (depth > MAX_DEPTH) return undefined;
  const of = (inner: ValType) => fill(inner, canary, depth + 1);
  switch (type.kind) {
    case 'bool':
      return canary.number % 2 === 1;
    case 's8':
    case 'u8':
    case 's16':
    case 'u16':
      return canary.number % 128;
    case 'u32':
    case 'f64':
      return canary.number;
    case 's32':
      return canary.number | 0;
    case 's64':
    case 'u64':
      return BigInt(canary.number);
    case 'f32':
      return Math.fround(canary.number);
    case 'char':
      return canary.text.slice(0, 1);
    case 'string':
      return canary.text;
    case 'list': {
      if (type.length !== undefined) return Array.from({ length: type.length }, () => of(type.element));
      return type.element.kind === 'u8' ? Buffer.from(canary.text) : [of(type.element)];
    }
    case 'tuple':
      return type.elements.map(of);
    case 'record':
      return Object.fromEntries(type.fields.map((field) => [camelCase(field.name), of(field.type)]));
    case 'flags':
      return Object.fromEntries(type.names.map((name) => [camelCase(name), true]));
    case 'enum':
      return type.names[canary.number % type.names.length];
    case 'option':
      return type.some.kind === 'option' ? { tag: 'some', val: of(type.some) } : of(type.some);
    case 'result':
      return { tag: 'ok', ...(type.ok === null ? {} : { val: of(type.ok) }) };
    case 'variant': {
      const chosen = type.cases.find((each) => each.type !== null) ?? type.cases[0];
      return { tag: chosen?.name, ...(chosen?.type ? { val: of(chosen.type) } : {}) };
    }
    default:
      return undefined; // handles and streams have to come from somebody
  }
}

/** Does the value hold the canary, anywhere in it, whole? Also as bytes, and within a longer text. */
export function holds(value: unknown, canary: Canary, depth = 0): boolean {
  if (depth > MAX_DEPTH) return false;
  if (typeof value === 'string') return value.includes(canary.text);
  if (typeof value === 'number') return isNumber(value, canary);
  if (typeof value === 'bigint') return value === BigInt(canary.number);
  if (value instanceof Uint8Array) return Buffer.from(value).includes(canary.text);
  if (ArrayBuffer.isView(value)) return inspect(value, { maxArrayLength: null }).includes(String(canary.number));
  if (value === null || typeof value !== 'object') return false;
  return Object.values(value).some((item) => holds(item, canary, depth + 1));
}

function isNumber(value: number, { number }: Canary): boolean {
  return value === number || value === (number | 0) || value === Math.fround(number);
}
