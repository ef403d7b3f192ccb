const MAX_CHARACTERS = 1000;

/** Text that a hostile file had a hand in, fit for a message: bounded, one line, no control characters. */
export function boundedText(text: string, maxCharacters = MAX_CHARACTERS): string {
  const start = text.slice(0, maxCharacters + 1);
  // Control, format (bidirectional overrides, too), surrogate and line-separating characters.
  const plain = start.replace(/[\p{C}\p{Zl}\p{Zp}]+/gu, ' ').trim();
  return start.length > maxCharacters ? `${plain.slice(0, maxCharacters)}…` : plain;
}

export function messageOf(error: unknown): string {
  return boundedText(error instanceof Error ? error.message : String(error));
}
