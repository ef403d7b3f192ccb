/** Puts together binaries by hand, also ones that no toolchain makes. */
export type Part = number | string | readonly Part[] | Uint8Array;

/** Unsigned LEB128. */
export function leb(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest];
    bytes.push((rest % 128) | 0x80);
  }
}

/** A type index where a value type stands: signed LEB128. */
export function typeIndex(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 64) return [...bytes, rest];
    bytes.push((rest % 128) | 0x80);
  }
}

/** Numbers are bytes; text is its UTF-8, with its length in front. */
export function bytes(...parts: readonly Part[]): Uint8Array {
  return Buffer.concat(parts.map(partBytes));
}

function partBytes(part: Part): Uint8Array {
  if (typeof part === 'number') return Uint8Array.of(part);
  if (typeof part === 'string') {
    const text = Buffer.from(part);
    return Buffer.concat([Uint8Array.from(leb(text.length)), text]);
  }
  return part instanceof Uint8Array ? part : Buffer.concat(part.map(partBytes));
}

export function vec(items: readonly Part[]): Part {
  return [leb(items.length), items];
}

export function section(id: number, ...content: readonly Part[]): Uint8Array {
  const body = bytes(...content);
  return bytes(id, leb(body.length), body);
}

export function coreModule(...sections: readonly Uint8Array[]): Uint8Array {
  return bytes(0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, sections);
}

export function component(...sections: readonly Uint8Array[]): Uint8Array {
  return bytes(0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00, sections);
}

/** Sections of a component, by name. */
export const types = (...items: readonly Part[]): Uint8Array => section(7, vec(items));
export const imports = (...items: readonly Part[]): Uint8Array => section(10, vec(items));
export const aliases = (...items: readonly Part[]): Uint8Array => section(6, vec(items));
export const instances = (...items: readonly Part[]): Uint8Array => section(5, vec(items));
export const exports = (...items: readonly Part[]): Uint8Array => section(11, vec(items));

/** An export without an ascribed type. */
export function exported(name: string, sort: Part, index: number): Part {
  return [0x00, name, sort, leb(index), 0x00];
}
