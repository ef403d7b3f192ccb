import type { Budget, Rate } from './policy.ts';

/** Binary units only: `MB` means two different numbers to two readers, and a limit must mean one. */
const UNIT_BYTES: Readonly<Record<string, number>> = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 };
/** Decimal, as for anything that is counted. */
const UNIT_COUNTS: Readonly<Record<string, number>> = { k: 1e3, M: 1e6, G: 1e9 };
const PERIOD_MS: Readonly<Record<string, number>> = { s: 1_000, min: 60_000, h: 3_600_000, day: 86_400_000 };

export const SIZE_PATTERN = '^(0|[1-9][0-9]{0,11})(B|KiB|MiB|GiB)?$';
export const CALL_RATE_PATTERN = '^[1-9][0-9]{0,11}/(s|min|h|day)$';
export const BYTE_RATE_PATTERN = '^[1-9][0-9]{0,11}(B|KiB|MiB|GiB)?/(s|min|h|day)$';

export const COUNT_PATTERN = '^[1-9][0-9]{0,13}(k|M|G)?$';
export const DURATION_PATTERN = '^([1-9][0-9]{0,8})(ms|s|min|h)$';

/** Nothing larger is meant by anybody, and it stays exact in a double after any sum that a host does with it. */
export const MAX_QUANTITY = 2 ** 44;

/** Bytes of `64MiB`, `512`, `1KiB`; null when it is no size or past MAX_QUANTITY. */
export function parseSize(text: string): number | null {
  const match = new RegExp(SIZE_PATTERN).exec(text);
  const unit = UNIT_BYTES[match?.[2] ?? 'B'];
  if (match?.[1] === undefined || unit === undefined) return null;
  const bytes = Number(match[1]) * unit;
  return bytes <= MAX_QUANTITY ? bytes : null;
}

/** `100/min`; null when it is no rate. */
export function parseCallRate(text: string): Rate | null {
  return new RegExp(CALL_RATE_PATTERN).test(text) ? parseRate(text) : null;
}

/** `64KiB/min`, `64/min`; null when it is no rate. */
export function parseByteRate(text: string): Rate | null {
  return new RegExp(BYTE_RATE_PATTERN).test(text) ? parseRate(text) : null;
}

/** `50000`, `10M`; null when it is no number, or past MAX_QUANTITY. */
export function parseCount(text: string): number | null {
  const match = new RegExp(COUNT_PATTERN).exec(text);
  const value = Number.parseInt(text, 10) * (UNIT_COUNTS[match?.[1] ?? ''] ?? 1);
  return match !== null && value <= MAX_QUANTITY ? value : null;
}

/** Milliseconds of `250ms`, `2s`, `1min`; null when it is no time. */
export function parseDuration(text: string): number | null {
  const match = new RegExp(DURATION_PATTERN).exec(text);
  const unitMs = match?.[2] === 'ms' ? 1 : PERIOD_MS[match?.[2] ?? ''];
  return match === null || unitMs === undefined ? null : Number(match[1]) * unitMs;
}

function parseRate(text: string): Rate | null {
  const [size = '', period = ''] = text.split('/');
  const amount = parseSize(size);
  const perMs = PERIOD_MS[period];
  return amount === null || perMs === undefined ? null : { amount, perMs };
}

/** `at most 100 calls/min and 64KiB/min`, or nothing when it is unbounded. */
export function formatBudget({ calls, bytes }: Budget): string {
  const parts = [
    ...(calls === null ? [] : [`${calls.amount} calls/${formatPeriod(calls.perMs)}`]),
    ...(bytes === null ? [] : [`${formatSize(bytes.amount)}/${formatPeriod(bytes.perMs)}`]),
  ];
  return parts.length === 0 ? '' : `at most ${parts.join(' and ')}`;
}

function formatPeriod(perMs: number): string {
  return Object.keys(PERIOD_MS).find((name) => PERIOD_MS[name] === perMs) ?? `${perMs}ms`;
}

/** In the largest unit that divides it: `64KiB`. */
export function formatSize(bytes: number): string {
  const units = Object.entries(UNIT_BYTES).reverse();
  const [unit, each] = units.find(([, size]) => bytes !== 0 && bytes % size === 0) ?? ['B', 1];
  return `${bytes / each}${unit}`;
}
