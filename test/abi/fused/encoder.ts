import type { ValType } from '../../../src/wasm/types.ts';
import { alignOf, byteSizeOf, type Core, flatTypes } from '../reference.ts';
import type { Party } from './scene.ts';

/**
 * Lowers values into a party's memory, written from CanonicalABI.md and sharing nothing with the code under test. What the
 * ABI leaves open it fills with junk: bits beyond a type's width, padding, slots that a case does not use.
 */
export class Encoder {
  readonly #party: Party;
  readonly #junk: () => number;

  /** `junk` gives any u32. */
  constructor(party: Party, junk: () => number = () => 0) {
    this.#party = party;
    this.#junk = junk;
  }

  /** Addresses are null in `shape` mode: see `flatShape`. */
  lowerFlat(type: ValType, value: unknown): Core[] {
    if (type.kind === 'string') return this.#string(value as string);
    if (type.kind === 'list' && type.length === undefined) return this.#list(type.element, value as ArrayLike<unknown>);
    const parts = partsOf(type, value);
    if (parts !== null) return parts.flatMap(([part, item]) => this.lowerFlat(part, item));
    const choice = choiceOf(type, value);
    if (choice === null || type.kind === 'enum') return [this.#wide(type, scalarOf(type, value))];
    const joined = flatTypes(type).slice(1);
    const own = choice.payload === null ? [] : this.lowerFlat(choice.payload, choice.value);
    const ownTypes = choice.payload === null ? [] : flatTypes(choice.payload);
    const slots = joined.map((want, i): Core => {
      const core = own[i];
      const have = ownTypes[i];
      if (core === undefined || have === undefined) return this.#junkOf(want);
      return have === want ? core : this.#widen(core, have, want);
    });
    return [choice.index, ...slots];
  }

  /** Into a range that the party has: junk first, then the value. */
  store(type: ValType, value: unknown, at: number): void {
    const size = byteSizeOf(type);
    for (let i = 0; i < size; i++) this.#party.view.setUint8(at + i, this.#junk());
    this.#write(type, value, at);
  }

  room(type: ValType): number {
    return this.#party.room(alignOf(type), byteSizeOf(type));
  }

  #write(type: ValType, value: unknown, at: number): void {
    if (type.kind === 'string' || (type.kind === 'list' && type.length === undefined)) {
      const pair = this.lowerFlat(type, value) as [number, number];
      pair.forEach((word, i) => {
        this.#party.view.setUint32(at + 4 * i, word, true);
      });
      return;
    }
    const parts = partsOf(type, value);
    if (parts !== null) {
      let offset = at;
      for (const [part, item] of parts) {
        offset = up(offset, alignOf(part));
        this.#write(part, item, offset);
        offset += byteSizeOf(part);
      }
      return;
    }
    const choice = choiceOf(type, value);
    if (choice !== null) {
      const size = choice.count <= 256 ? 1 : choice.count <= 65536 ? 2 : 4;
      this.#integer(at, size, BigInt(choice.index));
      const align = Math.max(1, ...choice.payloads.map((payload) => (payload === null ? 1 : alignOf(payload))));
      if (choice.payload !== null) this.#write(choice.payload, choice.value, at + up(size, align));
      return;
    }
    const core = scalarOf(type, value);
    if (type.kind === 'f32') this.#party.view.setFloat32(at, core as number, true);
    else if (type.kind === 'f64') this.#party.view.setFloat64(at, core as number, true);
    else this.#integer(at, byteSizeOf(type), BigInt.asUintN(64, BigInt(this.#wide(type, core))));
  }

  #integer(at: number, size: number, value: bigint): void {
    for (let i = 0; i < size; i++) this.#party.view.setUint8(at + i, Number((value >> BigInt(8 * i)) & 255n));
  }

  #string(text: string): Core[] {
    const bytes = new TextEncoder().encode(text);
    return [this.#party.put(bytes), bytes.length];
  }

  #list(element: ValType, values: ArrayLike<unknown>): Core[] {
    const size = byteSizeOf(element);
    const at = this.#party.room(alignOf(element), size * values.length);
    for (let i = 0; i < values.length; i++) this.store(element, values[i], at + i * size);
    return [at, values.length];
  }

  /** Sets bits that the type does not have. */
  #wide(type: ValType, core: Core): Core {
    if (type.kind === 'bool') return core === 0 ? 0 : (this.#junk() | 1) >>> 0;
    const bits =
      { u8: 8, s8: 8, u16: 16, s16: 16 }[type.kind as string] ?? (type.kind === 'flags' ? type.names.length : 32);
    if (typeof core !== 'number' || bits >= 32 || type.kind === 'enum' || type.kind === 'char') return core;
    if (type.kind === 'f32' || type.kind === 'f64') return core;
    const low = 2 ** bits - 1;
    return ((core & low) | (this.#junk() & ~low)) >>> 0;
  }

  #widen(core: Core, have: string, want: string): Core {
    const bytes = new DataView(new ArrayBuffer(8));
    bytes.setUint32(4, this.#junk(), true);
    if (have === 'f32') bytes.setFloat32(0, core as number, true);
    else if (have === 'f64') bytes.setFloat64(0, core as number, true);
    else bytes.setUint32(0, Number(core) >>> 0, true);
    return want === 'i64' ? bytes.getBigUint64(0, true) : bytes.getUint32(0, true);
  }

  #junkOf(want: string): Core {
    return want === 'i64' ? BigInt(this.#junk()) << 17n : want === 'i32' ? this.#junk() : this.#junk() / 3;
  }
}

const up = (offset: number, align: number): number => Math.ceil(offset / align) * align;
const camel = (name: string): string => name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());

function partsOf(type: ValType, value: unknown): (readonly [ValType, unknown])[] | null {
  if (type.kind === 'record') {
    const record = value as Record<string, unknown>;
    return type.fields.map((field) => [field.type, record[camel(field.name)]]);
  }
  if (type.kind === 'tuple') return type.elements.map((part, i) => [part, (value as unknown[])[i]]);
  if (type.kind === 'list' && type.length !== undefined) {
    return Array.from(value as ArrayLike<unknown>, (item) => [type.element, item]);
  }
  return null;
}

function choiceOf(type: ValType, value: unknown) {
  const choice = (names: readonly string[], payloads: readonly (ValType | null)[], tag: string, val: unknown) => {
    const index = names.indexOf(tag);
    return { index, count: names.length, payloads, payload: payloads[index] ?? null, value: val };
  };
  const { tag, val } = (value ?? {}) as { tag: string; val: unknown };
  switch (type.kind) {
    case 'enum':
      return choice(type.names, [], value as string, undefined);
    case 'variant':
      return choice(
        type.cases.map((one) => one.name),
        type.cases.map((one) => one.type),
        tag,
        val,
      );
    case 'result':
      return choice(['ok', 'err'], [type.ok, type.err], tag, val);
    case 'option':
      if (type.some.kind === 'option') return choice(['none', 'some'], [null, type.some], tag, val);
      return choice(['none', 'some'], [null, type.some], value === undefined ? 'none' : 'some', value);
    default:
      return null;
  }
}

function scalarOf(type: ValType, value: unknown): Core {
  if (type.kind === 'bool') return Number(value);
  if (type.kind === 'char') return (value as string).codePointAt(0) as number;
  if (type.kind === 'enum') return type.names.indexOf(value as string);
  if (type.kind === 'flags') {
    const flags = value as Record<string, boolean>;
    return type.names.reduce((bits, name, i) => bits + (flags[camel(name)] ? 2 ** i : 0), 0);
  }
  return value as Core;
}
