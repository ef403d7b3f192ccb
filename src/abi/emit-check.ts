import type { ValType } from '../wasm/types.ts';
import { type EmitContext, resourceOf } from './emit-access.ts';
import { casesOf, layoutOf, unsupported } from './layout.ts';
import { caseNames, isTaggedOption, propertyNames } from './names.ts';
import { isNumberKind, TYPED_LISTS } from './typed-lists.ts';

/** When is a primitive value in order? `v` is an identifier. */
const TESTS: Readonly<Record<string, (v: string) => string>> = {
  bool: (v) => `typeof ${v} === "boolean"`,
  u8: (v) => `typeof ${v} === "number" && (${v} & 255) === ${v}`,
  s8: (v) => `typeof ${v} === "number" && (${v} << 24 >> 24) === ${v}`,
  u16: (v) => `typeof ${v} === "number" && (${v} & 65535) === ${v}`,
  s16: (v) => `typeof ${v} === "number" && (${v} << 16 >> 16) === ${v}`,
  u32: (v) => `typeof ${v} === "number" && (${v} >>> 0) === ${v}`,
  s32: (v) => `typeof ${v} === "number" && (${v} | 0) === ${v}`,
  u64: (v) => `typeof ${v} === "bigint" && BigInt.asUintN(64, ${v}) === ${v}`,
  s64: (v) => `typeof ${v} === "bigint" && BigInt.asIntN(64, ${v}) === ${v}`,
  f32: (v) => `typeof ${v} === "number"`,
  f64: (v) => `typeof ${v} === "number"`,
  char: (v) => `isChar(${v})`,
};

/**
 * An expression that is null if the value in identifier `v` fits `type`, else a Mismatch. Runs before anything of the
 * guest does; `cx.checked` grows by (at least) the bytes that the value will take.
 */
export function emitCheck(context: EmitContext, type: ValType, v: string): string {
  const test = Object.hasOwn(TESTS, type.kind) ? TESTS[type.kind] : undefined;
  if (test !== undefined) return `(${test(v)} ? null : bad("${type.kind}", ${v}))`;
  if (type.kind === 'string') return `checkString(${v}, cx)`;
  if (type.kind === 'own' || type.kind === 'borrow') return emitHandle(context, type, v);
  if (type.kind === 'enum') {
    const index = context.emitter.constant(indexOf(type));
    return `(${index}.has(${v}) ? null : bad(${context.emitter.constant(listNames(type.names))}, ${v}))`;
  }
  const name = context.emitter.helper('c', type, 'v, cx', () => `let m, f;\n${compound(context, type)}\nreturn null;`);
  return `${name}(${v}, cx)`;
}

function emitHandle(context: EmitContext, type: ValType & { kind: 'own' | 'borrow' }, v: string): string {
  if (resourceOf(context, type).kind === 'imported') {
    return `(typeof ${v} === "object" && ${v} !== null || typeof ${v} === "function" ? null : bad("a resource", ${v}))`;
  }
  return `checkGuest(${v}, cx.owner, ${type.resource}, ${type.kind === 'own'}, cx.serial)`;
}

function compound(context: EmitContext, type: ValType): string {
  switch (type.kind) {
    case 'record':
      return checkFields(context, type);
    case 'tuple':
      return checkElements(context, type);
    case 'flags':
      return checkFlags(context, type);
    case 'list':
      return checkList(context, type);
    case 'option':
      if (isTaggedOption(type)) return checkVariant(context, type);
      return `if (v === undefined || v === null) return null;\nreturn ${emitCheck(context, type.some, 'v')};`;
    case 'variant':
    case 'result':
      return checkVariant(context, type);
    default:
      throw unsupported(`the type ${type.kind}`);
  }
}

const assertObject = (expected: string): string =>
  `if (v === null || typeof v !== "object") return bad("${expected}", v);`;

const step = (check: string, path: string): string => `if ((m = ${check}) !== null) return at(m, ${path});`;

/** Reads a property, but nothing that every object inherits. */
export function property(context: EmitContext, v: string, name: string): string {
  const key = context.emitter.constant(name);
  return name in {} ? `own(${v}, ${key})` : `${v}[${key}]`;
}

function checkFields(context: EmitContext, type: ValType & { kind: 'record' }): string {
  const names = propertyNames(type.fields.map((field) => field.name));
  const lines = type.fields.map((field, i) => {
    const name = names[i] as string;
    const check = step(emitCheck(context, field.type, 'f'), context.emitter.constant(`.${name}`));
    return `f = ${property(context, 'v', name)}; ${check}`;
  });
  return [assertObject('record'), ...lines].join('\n');
}

function checkElements(context: EmitContext, type: ValType & { kind: 'tuple' }): string {
  const { length } = type.elements;
  const lines = type.elements.map((element, i) => `f = v[${i}]; ${step(emitCheck(context, element, 'f'), `"[${i}]"`)}`);
  return [`if (!Array.isArray(v) || v.length !== ${length}) return bad("an array of ${length}", v);`, ...lines].join(
    '\n',
  );
}

function checkFlags(context: EmitContext, type: ValType & { kind: 'flags' }): string {
  const lines = propertyNames(type.names).map(
    (name) =>
      `f = ${property(context, 'v', name)}; ` +
      step('(typeof f === "boolean" || f === undefined ? null : bad("bool", f))', context.emitter.constant(`.${name}`)),
  );
  // As jco does: no object means no flags. Hosts written for it answer so.
  return ['if (v === undefined || v === null) return null;', assertObject('flags'), ...lines].join('\n');
}

function checkList(context: EmitContext, type: ValType & { kind: 'list' }): string {
  const { size } = layoutOf(type.element);
  const { length } = type;
  const fits = length === undefined ? '' : ` && v.length === ${length}`;
  const lines: string[] = [];
  if (isNumberKind(type.element.kind)) {
    const codec = context.emitter.constant(TYPED_LISTS[type.element.kind]);
    lines.push(`if (${codec}.isOwn(v)${fits}) { cx.checked += v.length * ${size}; return null; }`);
  }
  lines.push(
    `if (!(Array.isArray(v)${fits})) return bad("list${length === undefined ? '' : ` of ${length}`}", v);`,
    `cx.checked += v.length * ${size};`,
    `for (let i = 0; i < v.length; i++) { f = v[i]; ${step(emitCheck(context, type.element, 'f'), '"[" + i + "]"')} }`,
  );
  return lines.join('\n');
}

function checkVariant(context: EmitContext, type: ValType & { kind: 'variant' | 'option' | 'result' }): string {
  const { emitter } = context;
  const cases = casesOf(type).map((payload, i) =>
    payload === null
      ? `case ${i}: return null;`
      : `case ${i}: return (m = ${emitCheck(context, payload, 'f')}) === null ? null : at(m, ".val");`,
  );
  return [
    assertObject('an object { tag, val }'),
    'f = v.val;',
    `switch (${emitter.constant(indexOf(type))}.get(v.tag)) {`,
    ...cases,
    `default: return at(bad(${emitter.constant(listNames(caseNames(type)))}, v.tag), ".tag");`,
    '}',
  ].join('\n');
}

const indices = new WeakMap<ValType, ReadonlyMap<unknown, number>>();

/** Discriminant by case name, as data: a Map knows no inherited names. */
export function indexOf(
  type: ValType & { kind: 'variant' | 'enum' | 'option' | 'result' },
): ReadonlyMap<unknown, number> {
  let index = indices.get(type);
  if (index === undefined) {
    index = new Map(caseNames(type).map((name, i) => [name, i]));
    indices.set(type, index);
  }
  return index;
}

function listNames(names: readonly string[]): string {
  const shown = names.slice(0, 8).map((name) => JSON.stringify(name.slice(0, 64)));
  return `one of ${shown.join(', ')}${names.length > 8 ? ', …' : ''}`;
}
