import type { CanonOptions } from '../wasm/plan.ts';
import type { Context } from './context.ts';
import { fault } from './fault.ts';
import { MAX_STRING_BYTES } from './limits.ts';
import { keepLength, readShort, SHORT_BYTES, utf8Length } from './utf8.ts';

/**
 * Strings between JavaScript and linear memory, in the three encodings of the canonical ABI. Readers take what the
 * guest says and check it; writers give the pointer and leave the length word in `context.count`.
 * Source: CanonicalABI.md, "Loading" and "Storing", `load_string_from_range` and `store_string_into_range`.
 */
export interface StringCodec {
  /** `length` is the length word as the guest gave it. */
  read(context: Context, pointer: number, length: number): string;
  /** The string is well-formed UTF-16 (checked before). */
  write(context: Context, text: string): number;
}

/** Buffer's own string methods: a quarter of the time of TextEncoder and TextDecoder on short strings. */
interface RawBuffer {
  utf8Slice(start: number, end: number): string;
  latin1Slice(start: number, end: number): string;
  ucs2Slice(start: number, end: number): string;
  utf8Write(text: string, offset: number, length: number): number;
  latin1Write(text: string, offset: number, length: number): number;
  ucs2Write(text: string, offset: number, length: number): number;
}
// Node's types leave these methods of a Buffer out.
const raw = (context: Context): RawBuffer => context.buffer as unknown as RawBuffer;

/** Up to here a loop over characters is written sooner than by a call into the engine (measured: the two meet at 8 to 12). */
const SHORT = 8;
const UTF16_TAG = 0x8000_0000;
/** What decoding puts where the bytes are no text. */
const REPLACEMENT = '\uFFFD';
// ignoreBOM: a byte order mark is text like any other here.
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function range(context: Context, pointer: number, align: number, byteCount: number): number {
  if (byteCount > MAX_STRING_BYTES) throw fault('ABI_LENGTH', `a string of ${byteCount} bytes`);
  const start = context.range(pointer, align, byteCount);
  context.charge(byteCount);
  return start;
}

function readUtf8(context: Context, pointer: number, length: number): string {
  const start = range(context, pointer, 1, length >>> 0);
  const end = start + (length >>> 0);
  const count = end - start;
  if (count <= SHORT_BYTES) {
    const text = readShort(context.bytes, start, count);
    if (text !== null) {
      keepLength(text, count);
      return text;
    }
  }
  const text = raw(context).utf8Slice(start, end);
  if (!text.includes(REPLACEMENT)) return text;
  try {
    // The guest may have written U+FFFD itself.
    return strictUtf8.decode(context.bytes.subarray(start, end));
  } catch {
    throw fault('ABI_UTF8', `the ${end - start} bytes at ${start} are not UTF-8`);
  }
}

function writeUtf8(context: Context, text: string): number {
  const byteCount = utf8Length(text);
  const pointer = context.allocate(1, assertWritable(byteCount));
  if (byteCount <= SHORT && byteCount === text.length) {
    const { bytes } = context;
    for (let i = 0; i < byteCount; i++) bytes[pointer + i] = text.charCodeAt(i);
  } else raw(context).utf8Write(text, pointer, byteCount);
  context.count = byteCount;
  return pointer;
}

function readUtf16(context: Context, pointer: number, length: number): string {
  const byteCount = (length >>> 0) * 2;
  const start = range(context, pointer, 2, byteCount);
  const text = raw(context).ucs2Slice(start, start + byteCount);
  if (!text.isWellFormed()) throw fault('ABI_UTF16', `the ${byteCount} bytes at ${start} hold a lone surrogate`);
  return text;
}

function writeUtf16(context: Context, text: string): number {
  const byteCount = text.length * 2;
  const pointer = context.allocate(2, assertWritable(byteCount));
  raw(context).ucs2Write(text, pointer, byteCount);
  context.count = text.length;
  return pointer;
}

function readLatin1OrUtf16(context: Context, pointer: number, length: number): string {
  if (length >>> 0 >= UTF16_TAG) return readUtf16(context, pointer, (length ^ UTF16_TAG) >>> 0);
  const byteCount = length >>> 0;
  const start = range(context, pointer, 2, byteCount);
  return raw(context).latin1Slice(start, start + byteCount);
}

function writeLatin1OrUtf16(context: Context, text: string): number {
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) > 0xff) {
      const pointer = writeUtf16(context, text);
      context.count = (text.length | UTF16_TAG) >>> 0;
      return pointer;
    }
  }
  const pointer = context.allocate(2, assertWritable(text.length));
  raw(context).latin1Write(text, pointer, text.length);
  context.count = text.length;
  return pointer;
}

/** Reached only where messages may be larger than the ABI's own bound on a string. */
function assertWritable(byteCount: number): number {
  if (byteCount > MAX_STRING_BYTES) throw fault('ABI_LENGTH', `a string of ${byteCount} bytes can't be passed`);
  return byteCount;
}

export const STRING_CODECS: Readonly<Record<CanonOptions['encoding'], StringCodec>> = {
  utf8: { read: readUtf8, write: writeUtf8 },
  utf16: { read: readUtf16, write: writeUtf16 },
  'latin1+utf16': { read: readLatin1OrUtf16, write: writeLatin1OrUtf16 },
};
