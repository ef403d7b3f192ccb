/** Longer texts are not kept. */
const KEPT_CHARS = 1024;
let keptText = '';
let keptBytes = 0;

/**
 * Bytes of a text as UTF-8. A message is measured, checked, written and recorded by turns, and to count takes as long as to
 * write: so what the last text had is kept.
 */
export function utf8Length(text: string): number {
  return text === keptText ? keptBytes : keepLength(text, Buffer.byteLength(text));
}

/** Of a text whose bytes are known. */
export function keepLength(text: string, bytes: number): number {
  if (text.length <= KEPT_CHARS) {
    keptText = text;
    keptBytes = bytes;
  }
  return bytes;
}

/** What is not ASCII has more bytes than UTF-16 units. */
export const isAscii = (text: string): boolean => utf8Length(text) === text.length;

/** Up to here code of its own for each length beats the engine's decoder, which takes five times as long (16 bytes: 24 and 131 ns). */
export const SHORT_BYTES = 32;

type Read = (bytes: Uint8Array, at: number) => string | null;

const readers: (Read | undefined)[] = [];

/** A text of up to SHORT_BYTES bytes; null if not all of it is ASCII. */
export function readShort(bytes: Uint8Array, at: number, count: number): string | null {
  const read = readers[count] ?? makeReader(count);
  return read(bytes, at);
}

function makeReader(count: number): Read {
  const units = Array.from({ length: count }, (_, i) => `c${i}`);
  const source = [
    ...units.map((unit, i) => `const ${unit} = bytes[at + ${i}];`),
    `return (${['0', ...units].join(' | ')}) > 127 ? null : String.fromCharCode(${units.join(', ')});`,
  ];
  const read = new Function('bytes', 'at', source.join('\n')) as Read;
  readers[count] = read;
  return read;
}
