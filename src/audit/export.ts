import { FIELD_NAMES } from './format.ts';
import { type EventFilter, queryEvents } from './query.ts';
import type { JournalSource } from './reader.ts';

export type ExportFormat = 'jsonl' | 'csv';

/** The matching events as lines, each with its line end. `csv` has one column per field name of any kind, after a header. */
export function* exportEvents(
  source: JournalSource,
  { format = 'jsonl', filter = {} }: { readonly format?: ExportFormat; readonly filter?: EventFilter } = {},
): Generator<string> {
  if (format === 'csv') yield `${CSV_COLUMNS.join(',')}\r\n`;
  for (const event of queryEvents(source, filter)) {
    if (format === 'jsonl') yield `${JSON.stringify(event)}\n`;
    else yield `${CSV_COLUMNS.map((column) => csvCell(Reflect.get(event, column))).join(',')}\r\n`;
  }
}

const CSV_COLUMNS: readonly string[] = ['seq', 'timeMs', 'kind', ...FIELD_NAMES];

/** RFC 4180. A text that a spreadsheet would take for a formula gets a quote in front: names can come from guests. */
function csvCell(value: unknown): string {
  if (value === undefined || value === null) return '';
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
