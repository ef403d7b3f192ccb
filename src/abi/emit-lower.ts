import type { CoreType } from '../wasm/opcodes.ts';
import type { ValType } from '../wasm/types.ts';
import { address, type EmitContext, emitSet, isPrimitive, resourceOf, roleOf } from './emit-access.ts';
import { indexOf, property } from './emit-check.ts';
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
import { isTaggedOption, propertyNames } from './names.ts';
import { STRING_CODECS } from './strings.ts';
import { isNumberKind, TYPED_LISTS } from './typed-lists.ts';

/** Lowering: from JavaScript values, checked before, into core values or memory. */

/** A primitive as a core value. */
const SCALARS: Readonly<Record<string, (v: string) => string>> = {
  bool: (v) => `(${v} ? 1 : 0)`,
  f32: (v) => `nan(${v})`,
  f64: (v) => `nan(${v})`,
  char: (v) => `${v}.codePointAt(0)`,
};

/** An expression for a value that is one core value, or null. */
function emitScalar(context: EmitContext, type: ValType, v: string): string | null {
  switch (type.kind) {
    case 'enum':
      return `${context.emitter.constant(indexOf(type))}.get(${v})`;
    case 'flags':
      return `(${v} === undefined || ${v} === null ? 0 : ${propertyNames(type.names)
        .map((name, i) => `(${property(context, v, name)} ? ${2 ** i} : 0)`)
        .join(' | ')})`;
    case 'own':
    case 'borrow':
      return emitHandle(context, type, v);
    default:
      if (!isPrimitive(type)) return null;
      return Object.hasOwn(SCALARS, type.kind) ? (SCALARS[type.kind]?.(v) ?? null) : v;
  }
}

function emitHandle(context: EmitContext, type: ValType & { kind: 'own' | 'borrow' }, v: string): string {
  const resource = resourceOf(context, type);
  if (resource.kind === 'imported') {
    return `cx.scope.handles.add(${type.resource}, ${v}, ${type.kind === 'own' ? 'null' : 'cx.borrowScope'})`;
  }
  if (type.kind === 'own') return `cx.scope.handles.add(${type.resource}, takeGuest(${v}), null)`;
  return `lowerBorrow(cx, ${type.resource}, ${v}, ${resource.scope})`;
}

/**
 * Statements that make core values of the value in identifier `v`, appended to `lines`; gives expressions for them
 * (identifiers or pure, since code for a later value may run in between).
 */
export function emitLowerFlat(context: EmitContext, type: ValType, v: string, lines: string[]): string[] {
  const { emitter } = context;
  const scalar = emitScalar(context, type, v);
  if (scalar !== null) {
    if (scalar === v) return [v];
    const name = emitter.fresh('f');
    lines.push(`const ${name} = ${scalar};`);
    return [name];
  }
  switch (type.kind) {
    case 'string':
      return emitPair(context, emitString(context, v), lines);
    case 'list':
      if (type.length === undefined) return emitPair(context, emitList(context, type.element, v), lines);
      return Array.from({ length: type.length }, (_, i) => emitPart(context, type.element, `${v}[${i}]`, lines)).flat();
    case 'record':
    case 'tuple':
      return fieldTypes(type).flatMap((field, i) => emitPart(context, field, partOf(context, type, v, i), lines));
    case 'variant':
    case 'option':
    case 'result':
      return emitVariantFlat(context, type, v, lines);
    default:
      throw unsupported(`the type ${type.kind}`);
  }
}

function emitPart(context: EmitContext, type: ValType, source: string, lines: string[]): string[] {
  const part = context.emitter.fresh('v');
  lines.push(`const ${part} = ${source};`);
  return emitLowerFlat(context, type, part, lines);
}

/** An expression for a field of a record or an element of a tuple. */
function partOf(context: EmitContext, type: ValType & { kind: 'record' | 'tuple' }, v: string, i: number): string {
  if (type.kind === 'tuple') return `${v}[${i}]`;
  return property(context, v, propertyNames(type.fields.map((field) => field.name))[i] as string);
}

/** The discriminant of a variant, option or result in identifier `v`, and its payload. */
function discriminate(context: EmitContext, type: ValType & { kind: 'variant' | 'option' | 'result' }, v: string) {
  if (type.kind === 'option' && !isTaggedOption(type)) {
    return { discriminant: `(${v} === undefined || ${v} === null ? 0 : 1)`, payload: v };
  }
  return { discriminant: `${context.emitter.constant(indexOf(type))}.get(${v}.tag)`, payload: `${v}.val` };
}

function emitVariantFlat(
  context: EmitContext,
  type: ValType & { kind: 'variant' | 'option' | 'result' },
  v: string,
  lines: string[],
): string[] {
  const { emitter } = context;
  const { discriminant, payload } = discriminate(context, type, v);
  const joined = flatOf(type).slice(1);
  const tag = emitter.fresh('f');
  const slots = joined.map(() => emitter.fresh('f'));
  lines.push(`const ${tag} = ${discriminant};`);
  if (slots.length === 0) return [tag];
  lines.push(`let ${slots.map((slot, i) => `${slot} = ${joined[i] === 'i64' ? '0n' : '0'}`).join(', ')};`);
  lines.push(`switch (${tag}) {`);
  casesOf(type).forEach((caseType, i) => {
    if (caseType === null) return;
    lines.push(`case ${i}: {`);
    const core = flatOf(caseType);
    emitPart(context, caseType, payload, lines).forEach((value, j) => {
      lines.push(`${slots[j]} = ${widen(value, core[j] as CoreType, joined[j] as CoreType)};`);
    });
    lines.push('break; }');
  });
  lines.push('}');
  return [tag, ...slots];
}

/** A core value in the type that a variant's cases share. */
function widen(value: string, have: CoreType, want: CoreType): string {
  if (have === want) return value;
  if (have === 'f64') return `bitsOfF64(${value})`;
  const word = have === 'f32' ? `bitsOfF32(${value})` : value;
  return want === 'i64' ? `BigInt(${word} >>> 0)` : word;
}

/** Pointer and length of what `allocated` puts into memory. */
function emitPair(context: EmitContext, allocated: string, lines: string[]): string[] {
  const pointer = context.emitter.fresh('f');
  const count = context.emitter.fresh('f');
  lines.push(`const ${pointer} = ${allocated}, ${count} = cx.count;`);
  return [pointer, count];
}

/** An expression that puts a string into memory of the guest's making: its pointer, with `cx.count` set. */
const emitString = (context: EmitContext, v: string): string =>
  `${context.emitter.constant(STRING_CODECS[context.encoding])}.write(cx, ${v})`;

/** The same for a list. */
function emitList(context: EmitContext, element: ValType, v: string): string {
  const { size, align } = layoutOf(element);
  const name = context.emitter.helper(roleOf('a', context), element, 'cx, v', () =>
    [
      `const n = v.length, p = cx.allocate(${align}, n * ${size});`,
      emitElements(context, element, 'n'),
      'cx.count = n;',
      'return p;',
    ].join('\n'),
  );
  return `${name}(cx, ${v})`;
}

/** Stores the `n` elements of `v` from `p` on. */
function emitElements(context: EmitContext, element: ValType, n: string): string {
  if (isNumberKind(element.kind)) return `${context.emitter.constant(TYPED_LISTS[element.kind])}.write(cx, p, v);`;
  const { size } = layoutOf(element);
  return `for (let i = 0, q = p; i < ${n}; i++, q += ${size}) { const e = v[i]; ${emitStore(context, element, 'e', 'q', 0)} }`;
}

/** A statement that stores the value in identifier `v` at `p + offset`, which is aligned and in range. */
export function emitStore(context: EmitContext, type: ValType, v: string, p: string, offset: number): string {
  const { emitter } = context;
  const at = address(p, offset);
  const scalar = emitScalar(context, type, v);
  if (scalar !== null) return emitSet(type, at, scalar);
  if (type.kind === 'string') return storePair(context, emitString(context, v), p, offset);
  if (type.kind === 'list' && type.length === undefined) {
    return storePair(context, emitList(context, type.element, v), p, offset);
  }
  const name = emitter.helper(roleOf('s', context), type, 'cx, v, p', () => storeCompound(context, type));
  return `${name}(cx, ${v}, ${at});`;
}

function storePair(context: EmitContext, allocated: string, p: string, offset: number): string {
  const pointer = context.emitter.fresh('q');
  const words = [emitSet(4, address(p, offset), pointer), emitSet(4, address(p, offset + 4), 'cx.count')];
  return `const ${pointer} = ${allocated}; ${words.join(' ')}`;
}

function storeCompound(context: EmitContext, type: ValType): string {
  switch (type.kind) {
    case 'list':
      return emitElements(context, type.element, String(type.length));
    case 'record':
    case 'tuple': {
      const fields = fieldTypes(type);
      const { offsets } = offsetsOf(fields);
      return fields
        .map((field, i) => {
          const part = context.emitter.fresh('v');
          const store = emitStore(context, field, part, 'p', offsets[i] as number);
          return `const ${part} = ${partOf(context, type, 'v', i)}; ${store}`;
        })
        .join('\n');
    }
    case 'variant':
    case 'option':
    case 'result':
      return storeVariant(context, type);
    default:
      throw unsupported(`the type ${type.kind}`);
  }
}

function storeVariant(context: EmitContext, type: ValType & { kind: 'variant' | 'option' | 'result' }): string {
  const cases = casesOf(type);
  const { discriminant, payload } = discriminate(context, type, 'v');
  const offset = payloadOffset(cases);
  const branches = cases.map((caseType, i) =>
    caseType === null
      ? ''
      : `case ${i}: { const w = ${payload}; ${emitStore(context, caseType, 'w', 'p', offset)} break; }`,
  );
  return [
    `const d = ${discriminant};`,
    emitSet(discriminantSize(cases.length), 'p', 'd'),
    'switch (d) {',
    ...branches,
    '}',
  ].join('\n');
}
