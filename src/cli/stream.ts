import type { Output } from './output.ts';

/** Text is collected to this many characters before it is written: a write per line would take a system call each. */
const CHUNK = 65_536;

/** Writes pieces as they come, and stops when nobody reads any more. */
export async function writePieces(out: Output, pieces: Iterable<string>): Promise<void> {
  let chunk = '';
  for (const piece of pieces) {
    chunk += piece;
    if (chunk.length < CHUNK) continue;
    await out.write(chunk);
    chunk = '';
    if (!out.hasReader) return;
  }
  await out.write(chunk);
}

export async function writeLines<T>(
  out: Output,
  items: Iterable<T>,
  render: (item: T) => string,
  none: string,
): Promise<void> {
  await writePieces(out, lines(items, render, none));
}

function* lines<T>(items: Iterable<T>, render: (item: T) => string, none: string): Generator<string> {
  let count = 0;
  for (const item of items) {
    count++;
    yield `${render(item)}\n`;
  }
  if (count === 0) yield `${none}\n`;
}

/** One JSON document, an array with an item per line, however many there are. */
export async function writeJsonArray(out: Output, items: Iterable<unknown>): Promise<void> {
  await writePieces(out, jsonArray(items));
}

function* jsonArray(items: Iterable<unknown>): Generator<string> {
  let separator = '[';
  for (const item of items) {
    yield `${separator}\n  ${JSON.stringify(item)}`;
    separator = ',';
  }
  yield separator === '[' ? '[]\n' : '\n]\n';
}
