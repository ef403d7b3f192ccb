import { fault, tooLarge } from '../abi/fault.ts';
import { isNumberKind, NUMBER_ARRAYS, type NumberKind } from '../abi/typed-lists.ts';
import { shorten } from '../compartment/guest-error.ts';
import { CofferdamError } from '../error.ts';
import type { ValType } from '../wasm/types.ts';

/*
 * Objects of AssemblyScript's runtime in the linear memory of a guest. @assemblyscript/loader reads them too, but for
 * guests that one trusts: it makes views of whatever length a header claims (a RangeError at best), lets a guest of one
 * page describe an array of strings that expands to gigabytes, follows class numbers past the table of classes, and turns
 * the guest's export names into getters and classes. So the few reads are done here, with bounds.
 * Source: AssemblyScript, std/assembly/rt/common.ts (OBJECT), std/assembly/rt.ts (TypeinfoFlags) and lib/loader.
 */

/** Bytes of the header before each object; the last two words of it are the class and the size. */
const HEADER_BYTES = 20;
const ARRAYBUFFER_ID = 1;
const STRING_ID = 2;

const IS_VIEW = 1 << 0;
const IS_ARRAY = 1 << 1;
const IS_STATIC_ARRAY = 1 << 2;
const VALUE_BITS = 0b11111 << 6;
const IS_SIGNED = 1 << 11;
const IS_FLOAT = 1 << 12;
const IS_MANAGED = 1 << 14;
const VIEW_BYTES = 12;
const ARRAY_BYTES = 16;

/** What the runtime exports with `--exportRuntime`. */
interface Runtime {
  readonly memory: WebAssembly.Memory;
  readonly allocate: (size: number, classId: number) => unknown;
  readonly pin: (pointer: number) => unknown;
  readonly unpin: (pointer: number) => unknown;
  /** Address of the table of classes, or null. */
  readonly classes: number | null;
}

export type Element = NumberKind | 'string';

/** The element of a list that such a module can pass, or null. */
export function elementOf(type: ValType): Element | null {
  if (type.kind !== 'list' || type.length !== undefined) return null;
  const { kind } = type.element;
  return kind === 'string' || isNumberKind(kind) ? kind : null;
}

/** Reads and makes objects of one instance. */
export class ManagedMemory {
  readonly #runtime: Runtime;
  readonly #maxMessageBytes: number;
  #left = 0;
  #pinned: number[] = [];
  #view = new DataView(new ArrayBuffer(0));

  constructor(runtime: Runtime, maxMessageBytes: number) {
    this.#runtime = runtime;
    this.#maxMessageBytes = maxMessageBytes;
  }

  /** Starts reading a message: all that is read until the next `begin` shares one limit. */
  begin(): void {
    this.#left = this.#maxMessageBytes;
  }

  /** Throws ABI_POINTER (also for null), ABI_UTF16, LIMIT_MESSAGE. */
  readString(pointer: unknown): string {
    const { at, size, classId } = this.#object(pointer);
    if (classId !== STRING_ID || size % 2 !== 0) throw fault('ABI_POINTER', `there is no string at ${at}`);
    this.#charge(size);
    const text = Buffer.from(this.#bytes(at, size)).toString('utf16le');
    if (!text.isWellFormed()) throw fault('ABI_UTF16', `the string at ${at} holds a lone surrogate`);
    return text;
  }

  /** What a failing guest says; never throws. */
  readReason(pointer: unknown): string {
    try {
      const { at, size, classId } = this.#object(pointer);
      if (classId !== STRING_ID) return '';
      return shorten(
        Buffer.from(this.#bytes(at, Math.min(size & ~1, 1024)))
          .toString('utf16le')
          .toWellFormed(),
      );
    } catch {
      // The guest is failing anyway, and its pointer is as wrong as the rest.
      return '';
    }
  }

  /** A typed array, or an array of strings. Throws ABI_POINTER, ABI_UTF16, LIMIT_MESSAGE. */
  readList(element: Element, pointer: unknown): unknown {
    const { start, byteCount } = this.#items(element, pointer);
    if (element === 'string') {
      this.#charge(byteCount);
      const pointers = Array.from({ length: byteCount / 4 }, (_, i) => this.#word(start + i * 4));
      return pointers.map((each) => this.readString(each));
    }
    this.#charge(byteCount);
    const values = new NUMBER_ARRAYS[element](new Uint8Array(this.#bytes(start, byteCount)).buffer);
    if (values instanceof Float32Array || values instanceof Float64Array) canonicalise(values);
    return values;
  }

  /** A new string, pinned until `release`. */
  newString(text: string): number {
    const at = this.#allocate(text.length * 2, STRING_ID);
    Buffer.from(this.#bytes(at, text.length * 2).buffer, at).write(text, 'utf16le');
    return at;
  }

  /** A new object of the array class `classId`, pinned until `release`. */
  newList(element: Element, classId: number, values: readonly string[] | ArrayBufferView): number {
    const flags = this.#flags(classId, element);
    const words = Array.isArray(values) ? Uint32Array.from(values, (text) => this.newString(text)) : values;
    const { buffer, byteOffset, byteLength } = words as ArrayBufferView;
    const isBare = classId === ARRAYBUFFER_ID || (flags & IS_STATIC_ARRAY) !== 0;
    const data = this.#allocate(byteLength, isBare ? classId : ARRAYBUFFER_ID);
    this.#bytes(data, byteLength).set(new Uint8Array(buffer, byteOffset, byteLength));
    if (isBare) return data;
    const isArray = (flags & IS_ARRAY) !== 0;
    const at = this.#allocate(isArray ? ARRAY_BYTES : VIEW_BYTES, classId);
    this.#bytes(at, isArray ? ARRAY_BYTES : VIEW_BYTES);
    this.#view.setUint32(at, data, true);
    this.#view.setUint32(at + 4, data, true);
    this.#view.setUint32(at + 8, byteLength, true);
    if (isArray) this.#view.setUint32(at + 12, byteLength / bytesOf(element), true);
    return at;
  }

  /** How much is pinned, for `release`. */
  mark(): number {
    return this.#pinned.length;
  }

  /** Lets the guest's collector have what was made since the mark. */
  release(mark = 0): void {
    for (const pointer of this.#pinned.splice(mark)) this.#runtime.unpin(pointer);
  }

  /** Is this a class of arrays of that element? Throws WASM_SIGNATURE. */
  #flags(classId: number, element: Element): number {
    const flags = classId === ARRAYBUFFER_ID ? 0 : this.#classFlags(classId);
    if (!isArrayOf(flags, classId, element)) {
      const message = `The class ${classId} that the guest names is no array of ${element} - correct its _ID export`;
      throw new CofferdamError('WASM_SIGNATURE', message);
    }
    return flags;
  }

  #classFlags(classId: number): number {
    const { classes } = this.#runtime;
    if (classes === null || classId >= this.#word(classes)) throw fault('ABI_POINTER', `there is no class ${classId}`);
    return this.#word(classes + 4 + classId * 4);
  }

  /** Where the items of an array are. */
  #items(element: Element, pointer: unknown): { start: number; byteCount: number } {
    const { at, size, classId } = this.#object(pointer);
    const flags = classId === ARRAYBUFFER_ID ? 0 : this.#classFlags(classId);
    if (!isArrayOf(flags, classId, element)) throw fault('ABI_POINTER', `there is no array of ${element} at ${at}`);
    const isBare = classId === ARRAYBUFFER_ID || (flags & IS_STATIC_ARRAY) !== 0;
    const isArray = (flags & IS_ARRAY) !== 0;
    if (!isBare && size < (isArray ? ARRAY_BYTES : VIEW_BYTES)) throw fault('ABI_POINTER', `the array at ${at} is cut`);
    const start = isBare ? at : this.#word(at + 4);
    const byteCount = isBare ? size : isArray ? this.#word(at + 12) * bytesOf(element) : this.#word(at + 8);
    if (byteCount % bytesOf(element) !== 0) throw fault('ABI_LENGTH', `the array at ${at} ends within an item`);
    this.#range(start, byteCount);
    return { start, byteCount };
  }

  /** Header of the object at a pointer of the guest, whose bytes are all in memory. */
  #object(pointer: unknown): { at: number; size: number; classId: number } {
    const at = Number(pointer) >>> 0;
    if (at < HEADER_BYTES) throw fault('ABI_POINTER', `there is no object at ${at}`);
    const classId = this.#word(at - 8);
    const size = this.#word(at - 4);
    this.#range(at, size);
    return { at, size, classId };
  }

  #allocate(size: number, classId: number): number {
    const at = Number(this.#runtime.allocate(size, classId)) >>> 0;
    if (at < HEADER_BYTES) throw fault('ABI_REALLOC', `its allocator gave ${at}`);
    this.#range(at, size, 'ABI_REALLOC');
    this.#runtime.pin(at);
    this.#pinned.push(at);
    return at;
  }

  #word(at: number): number {
    this.#range(at, 4);
    return this.#view.getUint32(at, true);
  }

  #bytes(at: number, length: number): Uint8Array {
    this.#range(at, length);
    return new Uint8Array(this.#view.buffer, at, length);
  }

  /** Throws unless all these bytes are in memory; and follows a memory that has grown. */
  #range(at: number, length: number, code: 'ABI_POINTER' | 'ABI_REALLOC' = 'ABI_POINTER'): void {
    const { buffer } = this.#runtime.memory;
    if (buffer !== this.#view.buffer) this.#view = new DataView(buffer);
    if (at + length > buffer.byteLength) throw fault(code, `${length} bytes at ${at} are out of its memory`);
  }

  #charge(bytes: number): void {
    this.#left -= bytes;
    if (this.#left < 0) throw tooLarge(this.#maxMessageBytes);
  }
}

const bytesOf = (element: Element): number => (element === 'string' ? 4 : NUMBER_ARRAYS[element].BYTES_PER_ELEMENT);

function isArrayOf(flags: number, classId: number, element: Element): boolean {
  if (classId === ARRAYBUFFER_ID) return element === 'u8';
  if ((flags & (IS_VIEW | IS_ARRAY | IS_STATIC_ARRAY)) === 0) return false;
  const isManaged = (flags & IS_MANAGED) !== 0;
  const isFloat = (flags & IS_FLOAT) !== 0;
  const isSigned = (flags & IS_SIGNED) !== 0;
  const bits = (flags & VALUE_BITS) >> 6;
  if (element === 'string') return isManaged && bits === 4;
  if (isManaged || bits !== bytesOf(element)) return false;
  return element.startsWith('f') ? isFloat : !isFloat && isSigned === element.startsWith('s');
}

/** A NaN's payload would carry bits that the type does not have. */
function canonicalise(values: Float32Array | Float64Array): void {
  for (let i = 0; i < values.length; i++) if (Number.isNaN(values[i])) values[i] = Number.NaN;
}
