import type { ValType } from '../wasm/types.ts';
import { unsupported } from './layout.ts';

/** WIT's `some-field` as JavaScript's `someField`. */
export const camelCase = (name: string): string =>
  name
    .split('-')
    .map((word, i) => (i === 0 ? word.toLowerCase() : word.charAt(0).toUpperCase() + word.slice(1).toLowerCase()))
    .join('');

export const pascalCase = (name: string): string => {
  const camel = camelCase(name);
  return camel.charAt(0).toUpperCase() + camel.slice(1);
};

/** Property names of a record's fields or of flags. Two that coincide would overwrite one another: refused. */
export function propertyNames(names: readonly string[]): string[] {
  const properties = names.map(camelCase);
  if (new Set(properties).size !== properties.length) throw unsupported('two fields of one name');
  return properties;
}

/** Names of the cases of a variant, enum, option or result, by discriminant. */
export function caseNames(type: ValType & { kind: 'variant' | 'enum' | 'option' | 'result' }): readonly string[] {
  const names = namesOf(type);
  if (new Set(names).size !== names.length) throw unsupported('two cases of one name');
  return names;
}

function namesOf(type: ValType & { kind: 'variant' | 'enum' | 'option' | 'result' }): readonly string[] {
  switch (type.kind) {
    case 'variant':
      return type.cases.map((one) => one.name);
    case 'enum':
      return type.names;
    case 'option':
      return ['none', 'some'];
    case 'result':
      return ['ok', 'err'];
  }
}

/** An option whose `none` can't be `undefined`, since its `some` may be: written `{ tag, val }`. */
export const isTaggedOption = (type: ValType): boolean => type.kind === 'option' && type.some.kind === 'option';
