import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { EventInput } from '../../src/audit/events.ts';
import { openJournal } from '../../src/audit/journal.ts';
import { LIMITS } from '../../src/audit/limits.ts';
import { isCofferdamError } from '../../src/error.ts';
import { ACME, call, GLOBEX, readAll, testClock } from './support.ts';

/*
 * Calls and replies like the one before take a shorter way into the journal. Few names and labels, so that many are, and
 * values that cannot be recorded in between.
 */
const TOO_LONG = 'x'.repeat(LIMITS.maxNameChars + 1);
const name = fc.constantFrom('a', 'b', 'new', TOO_LONG);
const label = fc.constantFrom(ACME, GLOBEX, { ...ACME });
const number = fc.constantFrom(0, 5, 127, 128, 2 ** 31, 2 ** 53 - 2, 2 ** 53 - 1, -1, 0.5, Number.NaN);
const parent = fc.oneof(fc.constant(null), number);

const anyCall = fc
  .record({ message: number, parent, from: name, to: name, requestLabel: label, instanceLabel: label, bytes: number })
  .map((more): EventInput => call(1, more));
const anyReply = fc
  .record({ message: number, from: name, to: name, label, bytes: number, outcome: fc.constantFrom('ok', 'err') })
  .map((fields): EventInput => ({ kind: 'reply', ...fields }));

/** By the documented bounds alone: can this event be recorded? */
function isFit(event: EventInput): boolean {
  return Object.entries(event).every(([field, value]) => {
    if (typeof value === 'string') return value.length <= LIMITS.maxNameChars;
    const max = field === 'parent' ? Number.MAX_SAFE_INTEGER - 1 : Number.MAX_SAFE_INTEGER;
    return typeof value !== 'number' || (Number.isInteger(value) && value >= 0 && value <= max);
  });
}

test('what repeats reads back equal, and what cannot be recorded leaves no trace', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(anyCall, anyReply), { maxLength: 40 }), (events) => {
      using journal = openJournal({ path: null, clock: testClock() });
      for (const event of events) {
        const written = attempt(() => journal.append(event));
        expect(written).toBe(isFit(event) ? 'written' : 'AUDIT_EVENT');
      }
      const expected = events.filter(isFit).map((event, at) => ({ seq: at + 1, timeMs: 1_000, ...event }));
      expect(readAll(journal)).toStrictEqual(expected);
    }),
    { numRuns: 400 },
  );
});

function attempt(run: () => void): string {
  try {
    run();
    return 'written';
  } catch (error) {
    return isCofferdamError(error) ? error.code : 'foreign';
  }
}
