import type { Unit } from './row.ts';

/** A unit as it is printed. */
export function signOf(unit: Unit): string {
  return unit === 'us' ? 'µs' : unit === 'x' ? '×' : unit;
}
