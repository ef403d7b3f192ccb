import { tooLarge } from '../abi/fault.ts';
import { unsupported } from '../abi/layout.ts';
import { MAX_TYPE_DEPTH } from '../abi/limits.ts';
import { bad, isChar, type Mismatch } from '../abi/mismatch.ts';
import { caseNames, isTaggedOption, propertyNames } from '../abi/names.ts';
import { isNumberKind, NUMBER_ARRAYS } from '../abi/typed-lists.ts';
import { chunkType, Source, type StreamType } from '../compartment/source.ts';
import { CofferdamError } from '../error.ts';
import { children } from '../wasm/measure.ts';
import type { FuncType, ValType } from '../wasm/types.ts';

/*
 * Values of component types for code that has no generated lift and lower: AssemblyScript modules and adapters.
 * Everything is copied into fresh plain values, so that nobody can change it after the check.
 */

/** What a value is checked for: what to call it, who is to blame, and how large it may be. */
interface Expectation {
  readonly code: 'ARGUMENT_TYPE' | 'RESULT_TYPE' | 'ADAPTER_FAILED';
  readonly what: string;
  readonly maxBytes: number;
}

/** What an item of a list that holds no numbers counts for besides its text: bounds lists of empty strings. */
export const LEAST_ITEM_BYTES = 8;

const INTEGERS: Readonly<Record<string, readonly [number, number]>> = {
  s8: [-0x80, 0x7f],
  u8: [0, 0xff],
  s16: [-0x8000, 0x7fff],
  u16: [0, 0xffff],
  s32: [-0x8000_0000, 0x7fff_ffff],
  u32: [0, 0xffff_ffff],
};

/** Copies of the arguments. Throws ARGUMENT_TYPE or LIMIT_MESSAGE (all arguments together). */
export function conformArguments(type: FuncType, args: readonly unknown[], name: string, maxBytes: number): unknown[] {
  if (args.length !== type.params.length) {
    const message = `${name} takes ${type.params.length} arguments, not ${args.length} - pass one per parameter`;
    throw new CofferdamError('ARGUMENT_TYPE', message);
  }
  const copier = new Copier({ code: 'ARGUMENT_TYPE', what: '', maxBytes });
  return type.params.map((param, i) => copier.start(`the argument ${param.name} of ${name}`).copy(param.type, args[i]));
}

/** A copy of a result; for `null` (no result) there is nothing to look at. */
export function conformResult(type: ValType | null, value: unknown, expected: Expectation): unknown {
  return type === null ? undefined : new Copier(expected).copy(type, value);
}

export const HANDLES: ReadonlySet<string> = new Set(['own', 'borrow', 'error-context']);
/** What code without streams cannot pass. */
export const BEYOND_COPYING: ReadonlySet<string> = new Set([...HANDLES, 'stream', 'future']);

/** Throws ABI_UNSUPPORTED for types that hold what is in `beyond`, such as handles: it cannot be copied. */
export function assertCopyable(type: FuncType, beyond: ReadonlySet<string>): void {
  for (const { type: param } of type.params) assertCopyableValue(param, beyond, 0);
  if (type.result !== null) assertCopyableValue(type.result, beyond, 0);
}

function assertCopyableValue(type: ValType, beyond: ReadonlySet<string>, depth: number): void {
  if (depth > MAX_TYPE_DEPTH) throw unsupported(`types nested deeper than ${MAX_TYPE_DEPTH}`);
  if (beyond.has(type.kind)) throw unsupported(`the type ${type.kind} in such a guest`);
  for (const inner of children(type)) assertCopyableValue(inner, beyond, depth + 1);
}

const payloadsOf = (type: ValType & { kind: 'variant' }): (ValType | null)[] => type.cases.map((one) => one.type);

/** A property, but nothing that every object inherits. */
function property(from: object, name: string): unknown {
  return name in {} && !Object.hasOwn(from, name) ? undefined : (from as Readonly<Record<string, unknown>>)[name];
}

class Copier {
  #expected: Expectation;
  #path: string[] = [];
  #left: number;

  constructor(expected: Expectation) {
    this.#expected = expected;
    this.#left = expected.maxBytes;
  }

  /** The next value of the same message. */
  start(what: string): this {
    this.#expected = { ...this.#expected, what };
    this.#path = [];
    return this;
  }

  copy(type: ValType, value: unknown): unknown {
    switch (type.kind) {
      case 'bool':
        return typeof value === 'boolean' ? value : this.#refuse(bad('a boolean', value));
      case 's64':
        return this.#bigint(value, BigInt.asIntN);
      case 'u64':
        return this.#bigint(value, BigInt.asUintN);
      case 'f32':
      case 'f64':
        if (typeof value !== 'number') return this.#refuse(bad('a number', value));
        return type.kind === 'f32' ? Math.fround(value) : value;
      case 'char':
        return isChar(value) ? value : this.#refuse(bad('one character', value));
      case 'string':
        return this.#string(value);
      case 'list':
        return this.#list(type, value);
      case 'record':
        return this.#record(type, value);
      case 'tuple':
        return this.#tuple(type.elements, value);
      case 'flags':
        return this.#flags(type.names, value);
      case 'enum':
        if (typeof value === 'string' && type.names.includes(value)) return value;
        return this.#refuse(bad(`one of ${type.names.slice(0, 20).join(', ')}`, value));
      case 'option':
        if (isTaggedOption(type)) return this.#tagged(type, [null, type.some], value);
        return value === undefined || value === null ? undefined : this.copy(type.some, value);
      case 'variant':
        return this.#tagged(type, payloadsOf(type), value);
      case 'result':
        return this.#tagged(type, [type.ok, type.err], value);
      case 'stream':
      case 'future':
        return this.#source(type as StreamType, value);
      default:
        return this.#integer(type, value);
    }
  }

  /** Each chunk is checked when it comes, which is too late to be the caller's fault, and may be as large as a message. */
  #source(type: StreamType, value: unknown): Source {
    if (!(value instanceof Source)) {
      return this.#refuse(bad(type.kind === 'stream' ? 'an async iterable of chunks' : 'a promise', value));
    }
    const code = this.#expected.code === 'ARGUMENT_TYPE' ? 'RESULT_TYPE' : this.#expected.code;
    const expected = { ...this.#expected, code, what: `a part of ${this.#expected.what}${this.#path.join('')}` };
    const pull = async () => {
      const step = await value.next();
      return step.done ? step : { done: false as const, value: conformResult(chunkType(type), step.value, expected) };
    };
    return new Source(pull, () => void value.return());
  }

  #integer(type: ValType, value: unknown): number {
    const [least, most] = INTEGERS[type.kind] ?? [1, 0];
    if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value + 0;
    return this.#refuse(bad(`an integer from ${least} to ${most} (${type.kind})`, value));
  }

  #bigint(value: unknown, wrap: (bits: number, value: bigint) => bigint): bigint {
    if (typeof value === 'bigint' && wrap(64, value) === value) return value;
    return this.#refuse(bad('a bigint of 64 bits', value));
  }

  #string(value: unknown): string {
    if (typeof value !== 'string') return this.#refuse(bad('a string', value));
    this.#charge(Buffer.byteLength(value));
    return value.isWellFormed() ? value : this.#refuse({ ...bad('text', value), got: 'text with a lone surrogate' });
  }

  #list(type: ValType & { kind: 'list' }, value: unknown): unknown {
    const { element, length } = type;
    const kind = element.kind;
    const Numbers = isNumberKind(kind) ? NUMBER_ARRAYS[kind] : null;
    if (!Array.isArray(value) && !(Numbers !== null && value instanceof Numbers)) {
      return this.#refuse(bad('an array', value));
    }
    if (length !== undefined && value.length !== length) return this.#refuse(bad(`${length} items`, value));
    this.#charge(value.length * (Numbers?.BYTES_PER_ELEMENT ?? LEAST_ITEM_BYTES));
    if (!Array.isArray(value)) return value.slice();
    const copies = Array.from({ length: value.length }, (_, i) => this.#inside(`[${i}]`, element, value[i]));
    return Numbers === null ? copies : (Numbers as Uint8ArrayConstructor).from(copies as never);
  }

  #record(type: ValType & { kind: 'record' }, value: unknown): unknown {
    if (typeof value !== 'object' || value === null) return this.#refuse(bad('an object', value));
    const names = propertyNames(type.fields.map((field) => field.name));
    return Object.fromEntries(
      type.fields.map((field, i) => {
        const name = names[i] ?? '';
        return [name, this.#inside(`.${name}`, field.type, property(value, name))];
      }),
    );
  }

  #tuple(elements: readonly ValType[], value: unknown): unknown {
    if (!Array.isArray(value) || value.length !== elements.length) {
      return this.#refuse(bad(`an array of ${elements.length}`, value));
    }
    return elements.map((element, i) => this.#inside(`[${i}]`, element, value[i]));
  }

  #flags(names: readonly string[], value: unknown): unknown {
    const flags = value ?? {};
    if (typeof flags !== 'object') return this.#refuse(bad('an object of booleans', value));
    return Object.fromEntries(
      propertyNames(names).map((name) => {
        const flag = property(flags, name) ?? false;
        return [name, typeof flag === 'boolean' ? flag : this.#refuse(bad(`an object with a boolean ${name}`, flag))];
      }),
    );
  }

  #tagged(
    type: ValType & { kind: 'variant' | 'option' | 'result' },
    payloads: readonly (ValType | null)[],
    value: unknown,
  ): unknown {
    const names = caseNames(type);
    const { tag, val } = (typeof value === 'object' && value !== null ? value : {}) as { tag?: unknown; val?: unknown };
    const index = names.indexOf(tag as string);
    if (index < 0) return this.#refuse(bad(`{ tag, val } with a tag of ${names.slice(0, 20).join(', ')}`, value));
    const payload = payloads[index];
    if (payload === null || payload === undefined) return type.kind === 'result' ? { tag, val: undefined } : { tag };
    return { tag, val: this.#inside('.val', payload, val) };
  }

  #inside(step: string, type: ValType, value: unknown): unknown {
    this.#path.push(step);
    const copy = this.copy(type, value);
    this.#path.pop();
    return copy;
  }

  #charge(bytes: number): void {
    this.#left -= bytes;
    if (this.#left < 0) throw tooLarge(this.#expected.maxBytes);
  }

  #refuse({ expected, got }: Mismatch): never {
    const { code, what } = this.#expected;
    throw new CofferdamError(code, `${what}${this.#path.join('')} is ${got} - it must be ${expected}`, {
      details: { path: this.#path.join('') },
    });
  }
}
