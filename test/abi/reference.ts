import type { ValType } from '../../src/wasm/types.ts';

/**
 * The canonical ABI once more, written as plainly as possible from CanonicalABI.md and sharing nothing with the code
 * under test: despecialised types, one interpreter each for memory and for core values. Lifts only; no traps.
 */
export type Core = number | bigint;
export type Encoding = 'utf8' | 'utf16' | 'latin1+utf16';

interface Cases {
  readonly names: readonly string[];
  readonly types: readonly (ValType | null)[];
}

const SIZES: Record<string, number> = {
  bool: 1,
  s8: 1,
  u8: 1,
  s16: 2,
  u16: 2,
  s32: 4,
  u32: 4,
  char: 4,
  f32: 4,
  s64: 8,
  u64: 8,
  f64: 8,
  own: 4,
  borrow: 4,
};

function variantOf(type: ValType): Cases | null {
  if (type.kind === 'variant') return { names: type.cases.map((c) => c.name), types: type.cases.map((c) => c.type) };
  if (type.kind === 'enum') return { names: type.names, types: type.names.map(() => null) };
  if (type.kind === 'option') return { names: ['none', 'some'], types: [null, type.some] };
  if (type.kind === 'result') return { names: ['ok', 'err'], types: [type.ok, type.err] };
  return null;
}

function fieldsOf(type: ValType): ValType[] | null {
  if (type.kind === 'record') return type.fields.map((field) => field.type);
  if (type.kind === 'tuple') return [...type.elements];
  return null;
}

const up = (offset: number, align: number): number => {
  let at = offset;
  while (at % align !== 0) at++;
  return at;
};

const tagSize = (cases: Cases): number => (cases.names.length <= 256 ? 1 : cases.names.length <= 65536 ? 2 : 4);

export function alignOf(type: ValType): number {
  if (type.kind === 'string') return 4;
  if (type.kind === 'list') return type.length === undefined ? 4 : alignOf(type.element);
  if (type.kind === 'flags') return type.names.length <= 8 ? 1 : type.names.length <= 16 ? 2 : 4;
  const fields = fieldsOf(type);
  if (fields) return Math.max(...fields.map(alignOf));
  const cases = variantOf(type);
  if (cases) return Math.max(tagSize(cases), ...cases.types.map((t) => (t ? alignOf(t) : 1)));
  return SIZES[type.kind] as number;
}

export function byteSizeOf(type: ValType): number {
  if (type.kind === 'string') return 8;
  if (type.kind === 'list') return type.length === undefined ? 8 : type.length * byteSizeOf(type.element);
  if (type.kind === 'flags') return alignOf(type);
  const fields = fieldsOf(type);
  if (fields) {
    let size = 0;
    for (const field of fields) size = up(size, alignOf(field)) + byteSizeOf(field);
    return up(size, alignOf(type));
  }
  const cases = variantOf(type);
  if (cases) {
    const start = payloadStart(cases);
    return up(start + Math.max(0, ...cases.types.map((t) => (t ? byteSizeOf(t) : 0))), alignOf(type));
  }
  return SIZES[type.kind] as number;
}

const payloadStart = (cases: Cases): number =>
  up(tagSize(cases), Math.max(1, ...cases.types.map((t) => (t ? alignOf(t) : 1))));

/** Core types of a value, uncut. */
export function flatTypes(type: ValType): string[] {
  if (type.kind === 'string') return ['i32', 'i32'];
  if (type.kind === 'list') {
    return type.length === undefined
      ? ['i32', 'i32']
      : Array.from({ length: type.length }, () => flatTypes(type.element)).flat();
  }
  if (type.kind === 'flags') return ['i32'];
  const fields = fieldsOf(type);
  if (fields) return fields.flatMap(flatTypes);
  const cases = variantOf(type);
  if (cases) {
    const joined: string[] = [];
    for (const payload of cases.types) {
      for (const [i, core] of (payload ? flatTypes(payload) : []).entries()) {
        const before = joined[i] ?? core;
        joined[i] = before === core ? core : `${before}${core}`.includes('64') ? 'i64' : 'i32';
      }
    }
    return ['i32', ...joined];
  }
  if (type.kind === 's64' || type.kind === 'u64') return ['i64'];
  return [type.kind === 'f32' || type.kind === 'f64' ? type.kind : 'i32'];
}

const camel = (name: string): string => name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());

/** Reads values the way a guest with this memory and encoding means them. */
export class Reference {
  readonly memory: DataView;
  readonly encoding: Encoding;

  constructor(buffer: ArrayBuffer, encoding: Encoding) {
    this.memory = new DataView(buffer);
    this.encoding = encoding;
  }

  load(type: ValType, at: number): unknown {
    const { memory } = this;
    const word = (offset: number): number => memory.getUint32(offset, true);
    if (type.kind === 'string') return this.string(word(at), word(at + 4));
    if (type.kind === 'list') {
      if (type.length !== undefined) return this.list(type.element, at, type.length);
      return this.list(type.element, word(at), word(at + 4));
    }
    const fields = fieldsOf(type);
    if (fields) {
      let offset = at;
      const values = fields.map((field) => {
        offset = up(offset, alignOf(field));
        const value = this.load(field, offset);
        offset += byteSizeOf(field);
        return value;
      });
      return this.compose(type, values);
    }
    const size = byteSizeOf(type);
    const integer = (bytes: number): number =>
      bytes === 1 ? memory.getUint8(at) : bytes === 2 ? memory.getUint16(at, true) : word(at);
    if (type.kind === 'flags') return this.scalar(type, integer(size));
    const cases = variantOf(type);
    if (cases) {
      const tag = integer(tagSize(cases));
      const payload = cases.types[tag];
      return this.tagged(type, cases, tag, payload ? this.load(payload, at + payloadStart(cases)) : undefined);
    }
    if (type.kind === 'f32') return memory.getFloat32(at, true);
    if (type.kind === 'f64') return memory.getFloat64(at, true);
    return this.scalar(type, size === 8 ? memory.getBigUint64(at, true) : integer(size));
  }

  /** Takes as many core values from the front as the type needs. */
  liftFlat(type: ValType, values: Core[]): unknown {
    const next = (): Core => values.shift() as Core;
    const word = (): number => Number(BigInt.asUintN(32, BigInt(next())));
    if (type.kind === 'string') return this.string(word(), word());
    if (type.kind === 'list') {
      const { length } = type;
      if (length === undefined) return this.list(type.element, word(), word());
      return this.arrayOf(
        type.element,
        Array.from({ length }, () => this.liftFlat(type.element, values)),
      );
    }
    const fields = fieldsOf(type);
    if (fields)
      return this.compose(
        type,
        fields.map((field) => this.liftFlat(field, values)),
      );
    const cases = type.kind === 'enum' ? null : variantOf(type);
    if (cases) {
      const own = flatTypes(type).slice(1);
      const tag = word();
      const slots = own.map(next);
      const payload = cases.types[tag];
      if (!payload) return this.tagged(type, cases, tag, undefined);
      const core = flatTypes(payload).map((want, i) => reinterpret(slots[i] as Core, own[i] as string, want));
      return this.tagged(type, cases, tag, this.liftFlat(payload, core));
    }
    if (type.kind === 'enum') return type.names[word()];
    return this.scalar(type, next());
  }

  private scalar(type: ValType, core: Core): unknown {
    const bits = (width: number, signed: boolean): number =>
      Number(signed ? BigInt.asIntN(width, BigInt(core)) : BigInt.asUintN(width, BigInt(core)));
    if (type.kind === 'flags') {
      return Object.fromEntries(type.names.map((name, i) => [camel(name), ((bits(32, false) / 2 ** i) | 0) % 2 !== 0]));
    }
    if (type.kind === 'bool') return core !== 0;
    if (type.kind === 'char') return String.fromCodePoint(bits(32, false));
    if (type.kind === 'f32' || type.kind === 'f64') return core;
    if (type.kind === 'u64') return BigInt.asUintN(64, core as bigint);
    if (type.kind === 's64') return BigInt.asIntN(64, core as bigint);
    return bits((SIZES[type.kind] as number) * 8, type.kind.startsWith('s'));
  }

  private compose(type: ValType, values: unknown[]): unknown {
    if (type.kind !== 'record') return values;
    const record = {};
    for (const [i, field] of type.fields.entries()) {
      Object.defineProperty(record, camel(field.name), {
        value: values[i],
        enumerable: true,
        writable: true,
        configurable: true,
      });
    }
    return record;
  }

  private tagged(type: ValType, cases: Cases, tag: number, val: unknown): unknown {
    if (type.kind === 'enum') return cases.names[tag];
    if (type.kind === 'option' && type.some.kind !== 'option') return val;
    if (type.kind === 'result') return { tag: cases.names[tag], val };
    return cases.types[tag] ? { tag: cases.names[tag], val } : { tag: cases.names[tag] };
  }

  private list(element: ValType, at: number, length: number): unknown {
    return this.arrayOf(
      element,
      Array.from({ length }, (_, i) => this.load(element, at + i * byteSizeOf(element))),
    );
  }

  private arrayOf(element: ValType, values: unknown[]): unknown {
    switch (element.kind) {
      case 'u8':
        return Uint8Array.from(values as number[]);
      case 's8':
        return Int8Array.from(values as number[]);
      case 'u16':
        return Uint16Array.from(values as number[]);
      case 's16':
        return Int16Array.from(values as number[]);
      case 'u32':
        return Uint32Array.from(values as number[]);
      case 's32':
        return Int32Array.from(values as number[]);
      case 'u64':
        return BigUint64Array.from(values as bigint[]);
      case 's64':
        return BigInt64Array.from(values as bigint[]);
      case 'f32':
        return Float32Array.from(values as number[]);
      case 'f64':
        return Float64Array.from(values as number[]);
      default:
        return values;
    }
  }

  private string(at: number, length: number): string {
    const wide = this.encoding === 'utf16' || (this.encoding === 'latin1+utf16' && length >= 2 ** 31);
    const units = this.encoding === 'latin1+utf16' ? length % 2 ** 31 : length;
    if (this.encoding === 'utf8') {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(
        new Uint8Array(this.memory.buffer, at, length),
      );
    }
    let text = '';
    for (let i = 0; i < units; i++) {
      text += String.fromCharCode(wide ? this.memory.getUint16(at + 2 * i, true) : this.memory.getUint8(at + i));
    }
    return text;
  }
}

/** A variant's shared core value, as the core type of one of its cases. */
function reinterpret(value: Core, have: string, want: string): Core {
  if (have === want) return value;
  const bytes = new DataView(new ArrayBuffer(8));
  bytes.setBigUint64(0, BigInt.asUintN(64, BigInt(value)), true);
  if (want === 'i32') return bytes.getInt32(0, true);
  return want === 'f32' ? bytes.getFloat32(0, true) : bytes.getFloat64(0, true);
}
