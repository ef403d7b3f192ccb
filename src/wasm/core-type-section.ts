import { type CoreFuncType, formatCoreFunc, readFuncType, readValType, type TypeName } from './core-types.ts';
import { WASM_LIMITS } from './limits.ts';
import type { Reader } from './reader.ts';

/** One entry of a core type index space: its number by structure, and its signature if it is a function. */
export interface CoreTypeEntry {
  readonly id: number;
  readonly func: CoreFuncType | null;
}

/**
 * Numbers recursion groups by structure, so that types of different modules can be compared by their text. A group's
 * text writes its own members as `rec.N` and earlier types as `@id`. Core specification, "Recursive Types".
 */
export class CoreTypeNumbers {
  private readonly groups = new Map<string, number>();
  private next = 0;

  number(members: readonly string[]): number {
    const text = members.join(';');
    const known = this.groups.get(text);
    if (known !== undefined) return known;
    const first = this.next;
    this.groups.set(text, first);
    this.next += members.length;
    return first;
  }
}

interface Member {
  readonly text: string;
  readonly func: CoreFuncType | null;
}

/** Reads the body of a type section into `types`. */
export function readTypeSection(reader: Reader, types: CoreTypeEntry[], numbers: CoreTypeNumbers): void {
  const groups = reader.count(WASM_LIMITS.maxCoreItems, 'types');
  for (let group = 0; group < groups; group++) {
    const size = reader.peek() === 0x4e ? groupSize(reader) : 1;
    if (types.length + size > WASM_LIMITS.maxCoreItems) reader.fail('WASM_LIMIT', 'Too many types');
    readGroup(reader, size, types, numbers);
  }
}

function groupSize(reader: Reader): number {
  reader.skip(1);
  return reader.count(WASM_LIMITS.maxCoreItems, 'types of a recursion group');
}

function readGroup(reader: Reader, size: number, types: CoreTypeEntry[], numbers: CoreTypeNumbers): void {
  const start = types.length;
  const typeName: TypeName = (index) => {
    if (index >= start && index < start + size) return `rec.${index - start}`;
    const entry = types[index];
    return entry === undefined || index >= start
      ? reader.fail('WASM_MALFORMED', `There is no type ${index}`)
      : `@${entry.id}`;
  };
  const members: Member[] = [];
  for (let index = 0; index < size; index++) members.push(readSubType(reader, typeName));
  const first = numbers.number(members.map((member) => member.text));
  const close = (text: string) => text.replace(/rec\.(\d+)/g, (_, index) => `@${first + Number(index)}`);
  for (const [index, { func }] of members.entries()) {
    const closed = func && { params: func.params.map(close), results: func.results.map(close) };
    types.push({ id: first + index, func: closed });
  }
}

function readSubType(reader: Reader, typeName: TypeName): Member {
  const code = reader.peek();
  if (code !== 0x50 && code !== 0x4f) return readCompositeType(reader, typeName);
  reader.skip(1);
  const supers = reader.vector(1, 'supertypes', () => typeName(reader.u32()));
  const { text, func } = readCompositeType(reader, typeName);
  return { text: `(sub ${code === 0x4f ? 'final ' : ''}${supers.join(' ')} ${text})`, func };
}

function readCompositeType(reader: Reader, typeName: TypeName): Member {
  const code = reader.byte();
  if (code === 0x65) {
    const { text, func } = readCompositeType(reader, typeName);
    return { text: `(shared ${text})`, func };
  }
  if (code === 0x60) {
    const func = readFuncType(reader, typeName);
    return { text: formatCoreFunc(func), func };
  }
  if (code === 0x5f) {
    const fields = reader.vector(WASM_LIMITS.maxStructFields, 'fields', () => readField(reader, typeName));
    return { text: `(struct ${fields.join(' ')})`, func: null };
  }
  if (code === 0x5e) return { text: `(array ${readField(reader, typeName)})`, func: null };
  return reader.unknown(code, 'type definition');
}

function readField(reader: Reader, typeName: TypeName): string {
  const code = reader.peek();
  const packed = code === 0x78 ? 'i8' : code === 0x77 ? 'i16' : null;
  if (packed !== null) reader.skip(1);
  const type = packed ?? readValType(reader, typeName);
  const mutable = reader.byte();
  if (mutable > 1) reader.unknown(mutable, 'mutability');
  return mutable === 1 ? `(mut ${type})` : type;
}
