import type { CoreType } from '../wasm/opcodes.ts';
import type { ValType } from '../wasm/types.ts';
import { address, type EmitContext, emitGet, resourceOf, roleOf } from './emit-access.ts';
import {
  casesOf,
  discriminantSize,
  fieldTypes,
  flatOf,
  layoutOf,
  offsetsOf,
  payloadOffset,
  unsupported,
} from './layout.ts';
import { caseNames, isTaggedOption, propertyNames } from './names.ts';
import { STRING_CODECS } from './strings.ts';
import { isNumberKind, TYPED_LISTS } from './typed-lists.ts';

/** Lifting: from core values or memory, which a guest made, into JavaScript values; whatever is wrong traps. */

/** A primitive of a core value; the guest may have set bits that the type does not have. */
const SCALARS: Readonly<Record<string, (x: string) => string>> = {
  bool: (x) => `(${x} !== 0)`,
  u8: (x) => `(${x} & 255)`,
  s8: (x) => `(${x} << 24 >> 24)`,
  u16: (x) => `(${x} & 65535)`,
  s16: (x) => `(${x} << 16 >> 16)`,
  u32: (x) => `(${x} >>> 0)`,
  s32: (x) => `(${x} | 0)`,
  u64: (x) => `BigInt.asUintN(64, ${x})`,
  s64: (x) => x,
  f32: (x) => `nan(${x})`,
  f64: (x) => `nan(${x})`,
  char: (x) => `toChar(${x})`,
};

/** An expression for a value that is one core value `x`, or null. */
function emitScalar(context: EmitContext, type: ValType, x: string): string | null {
  const { emitter } = context;
  switch (type.kind) {
    case 'enum':
      return `toCase(${emitter.constant(caseNames(type))}, ${x})`;
    case 'flags':
      return `${emitFlags(context, type)}(${x})`;
    case 'own':
    case 'borrow': {
      const isGuest = resourceOf(context, type).kind === 'defined';
      return `${type.kind === 'own' ? 'liftOwn' : 'liftBorrow'}(cx, ${type.resource}, ${x}, ${isGuest})`;
    }
    default:
      return Object.hasOwn(SCALARS, type.kind) ? (SCALARS[type.kind]?.(x) ?? null) : null;
  }
}

function emitFlags(context: EmitContext, type: ValType & { kind: 'flags' }): string {
  return context.emitter.helper('g', type, 'x', () => {
    const bits = propertyNames(type.names).map(
      (name, i) => `[${context.emitter.constant(name)}]: (x & ${2 ** i}) !== 0`,
    );
    return `return { ${bits.join(', ')} };`;
  });
}

/** An expression for the value whose core values are in the identifiers `flat`; statements go to `lines`. */
export function emitLiftFlat(context: EmitContext, type: ValType, flat: readonly string[], lines: string[]): string {
  const scalar = emitScalar(context, type, flat[0] as string);
  if (scalar !== null) return named(context, scalar, lines);
  switch (type.kind) {
    case 'string':
      return named(context, emitString(context, flat[0] as string, flat[1] as string), lines);
    case 'list':
      if (type.length === undefined) {
        return named(context, emitList(context, type, flat[0] as string, flat[1] as string), lines);
      }
      return emitFixedFlat(context, type.element, type.length, flat, lines);
    case 'record':
    case 'tuple': {
      let start = 0;
      const parts = fieldTypes(type).map((field) => {
        const end = start + flatOf(field).length;
        const part = emitLiftFlat(context, field, flat.slice(start, end), lines);
        start = end;
        return part;
      });
      return construct(context, type, parts);
    }
    case 'variant':
    case 'option':
    case 'result':
      return emitVariantFlat(context, type, flat, lines);
    default:
      throw unsupported(`the type ${type.kind}`);
  }
}

function named(context: EmitContext, expression: string, lines: string[]): string {
  const name = context.emitter.fresh('r');
  lines.push(`const ${name} = ${expression};`);
  return name;
}

function emitFixedFlat(
  context: EmitContext,
  element: ValType,
  length: number,
  flat: readonly string[],
  lines: string[],
): string {
  const width = flatOf(element).length;
  const parts = Array.from({ length }, (_, i) =>
    emitLiftFlat(context, element, flat.slice(i * width, (i + 1) * width), lines),
  );
  if (!isNumberKind(element.kind)) return `[${parts.join(', ')}]`;
  return `${context.emitter.constant(TYPED_LISTS[element.kind])}.of([${parts.join(', ')}])`;
}

/** An object or array of parts. Computed keys define own properties, whatever the name. */
function construct(
  context: EmitContext,
  type: ValType & { kind: 'record' | 'tuple' },
  parts: readonly string[],
): string {
  if (type.kind === 'tuple') return `[${parts.join(', ')}]`;
  const names = propertyNames(type.fields.map((field) => field.name));
  return `{ ${parts.map((part, i) => `[${context.emitter.constant(names[i])}]: ${part}`).join(', ')} }`;
}

/** What case `i` looks like in JavaScript; `value` is null where it has no payload. */
function tagged(
  context: EmitContext,
  type: ValType & { kind: 'variant' | 'option' | 'result' },
  i: number,
  value: string | null,
): string {
  if (type.kind === 'option' && !isTaggedOption(type)) return value ?? 'undefined';
  const tag = context.emitter.constant(caseNames(type)[i]);
  if (value !== null) return `{ tag: ${tag}, val: ${value} }`;
  return type.kind === 'result' ? `{ tag: ${tag}, val: undefined }` : `{ tag: ${tag} }`;
}

function emitVariantFlat(
  context: EmitContext,
  type: ValType & { kind: 'variant' | 'option' | 'result' },
  flat: readonly string[],
  lines: string[],
): string {
  const result = context.emitter.fresh('r');
  const joined = flatOf(type);
  lines.push(`let ${result};`, `switch (${flat[0]}) {`);
  casesOf(type).forEach((caseType, i) => {
    lines.push(`case ${i}: {`);
    let value: string | null = null;
    if (caseType !== null) {
      const core = flatOf(caseType).map((want, j) => narrow(flat[j + 1] as string, joined[j + 1] as CoreType, want));
      const names = core.map((expression) => named(context, expression, lines));
      value = emitLiftFlat(context, caseType, names, lines);
    }
    lines.push(`${result} = ${tagged(context, type, i, value)}; break; }`);
  });
  lines.push(`default: badCase(${flat[0]}); }`);
  return result;
}

/** A case's own core value from the one that all cases share. */
function narrow(value: string, have: CoreType, want: CoreType): string {
  if (have === want) return value;
  if (want === 'f64') return `f64OfBits(${value})`;
  const word = have === 'i64' ? `Number(BigInt.asIntN(32, ${value}))` : value;
  return want === 'f32' ? `f32OfBits(${word})` : word;
}

const emitString = (context: EmitContext, pointer: string, length: string): string =>
  `${context.emitter.constant(STRING_CODECS[context.encoding])}.read(cx, ${pointer}, ${length})`;

function emitList(context: EmitContext, type: ValType & { kind: 'list' }, pointer: string, length: string): string {
  const { size, align } = layoutOf(type.element);
  const name = context.emitter.helper(roleOf('t', context), type, 'cx, pointer, length', () => {
    const range = `const n = length >>> 0, p = listRange(cx, pointer, ${align}, n * ${size}, n * ${heapBytes(type.element)});`;
    return `${range}\n${emitElements(context, type.element, 'n')}`;
  });
  return `${name}(cx, ${pointer}, ${length})`;
}

/**
 * What an element counts for against the message's limit: a list of one-byte records would otherwise make the host
 * allocate forty times the bytes it was sent.
 */
function heapBytes(element: ValType): number {
  const { size, height } = layoutOf(element);
  if (isNumberKind(element.kind)) return size;
  return Math.max(size, height > 0 || element.kind === 'string' || element.kind === 'flags' ? 16 : 8);
}

/** Statements that return the `n` elements from `p` on. */
function emitElements(context: EmitContext, element: ValType, n: string): string {
  if (isNumberKind(element.kind)) {
    return `return ${context.emitter.constant(TYPED_LISTS[element.kind])}.read(cx, p, ${n});`;
  }
  const { size } = layoutOf(element);
  const load = emitLoad(context, element, 'q', 0);
  // Grown by pushing: a length word must not make us reserve room before the elements were read.
  return `const values = [];\nfor (let i = 0, q = p; i < ${n}; i++, q += ${size}) values.push(${load});\nreturn values;`;
}

/** An expression for the value at `p + offset`, which is aligned and in range. */
export function emitLoad(context: EmitContext, type: ValType, p: string, offset: number): string {
  const { emitter } = context;
  const at = address(p, offset);
  const scalar = emitScalar(context, type, emitGet(type, at));
  if (scalar !== null) return scalar;
  const pair = [emitGet(4, at), emitGet(4, address(p, offset + 4))] as const;
  if (type.kind === 'string') return emitString(context, ...pair);
  if (type.kind === 'list' && type.length === undefined) return emitList(context, type, ...pair);
  const name = emitter.helper(roleOf('l', context), type, 'cx, p', () => loadCompound(context, type));
  return `${name}(cx, ${at})`;
}

function loadCompound(context: EmitContext, type: ValType): string {
  switch (type.kind) {
    case 'list':
      return emitElements(context, type.element, String(type.length));
    case 'record':
    case 'tuple': {
      const fields = fieldTypes(type);
      const { offsets } = offsetsOf(fields);
      const parts = fields.map((field, i) => emitLoad(context, field, 'p', offsets[i] as number));
      return `return ${construct(context, type, parts)};`;
    }
    case 'variant':
    case 'option':
    case 'result': {
      const cases = casesOf(type);
      const offset = payloadOffset(cases);
      const branches = cases.map((caseType, i) => {
        const value = caseType === null ? null : emitLoad(context, caseType, 'p', offset);
        return `case ${i}: return ${tagged(context, type, i, value)};`;
      });
      return [
        `const d = ${emitGet(discriminantSize(cases.length), 'p')};`,
        'switch (d) {',
        ...branches,
        'default: badCase(d); }',
      ].join('\n');
    }
    default:
      throw unsupported(`the type ${type.kind}`);
  }
}
