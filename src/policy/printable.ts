/**
 * Not printable in YAML (1.2.2, section 5.1): control characters, NUL among them; a byte order mark inside the text;
 * half of a surrogate pair. And the marks of "Trojan Source" (Boucher and Anderson, 2021), which show a reviewer the
 * text in another order than the parser reads it.
 */
const UNPRINTABLE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
  /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

/** The position of the first character that no manifest may hold, or -1. */
export function findUnprintable(text: string): number {
  return text.search(UNPRINTABLE);
}
