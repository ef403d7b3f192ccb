import type { Measured } from './measure.ts';
import type { Result } from './result.ts';
import { PER_UNIT, type Target, type Unit } from './row.ts';
import { signOf } from './sign.ts';

/** A target, and how the medians stand to it. */
export interface Verdict {
  readonly subject: string;
  readonly target: string;
  /** In nanoseconds, or as the samples of the row are. Null as below. */
  readonly bound: number | null;
  /** Null when it cannot be said, for a subject or peer was not measured. */
  readonly isMet: boolean | null;
  /** By how much: 2 is twice the bound. Null as above. */
  readonly timesBound: number | null;
}

export function verdictsOf({ row, outcomes }: Result): Verdict[] {
  return row.targets.map((target): Verdict => {
    const { subject = 'cofferdam' } = target;
    const found = measuredOf(outcomes, subject)?.p50;
    const bound = 'atMost' in target ? target.atMost * PER_UNIT[row.unit] : boundByPeers(outcomes, target);
    const text = textOf(target, row.unit);
    if (found === undefined || bound === null) return { subject, target: text, bound, isMet: null, timesBound: null };
    return { subject, target: text, bound, isMet: found <= bound, timesBound: found / bound };
  });
}

export function measuredOf(outcomes: Result['outcomes'], name: string): Measured | undefined {
  const outcome = outcomes.get(name);
  return outcome?.kind === 'measured' ? outcome.measured : undefined;
}

function boundByPeers(outcomes: Result['outcomes'], { times, of }: Extract<Target, { times: number }>): number | null {
  const medians = of.flatMap((name) => measuredOf(outcomes, name)?.p50 ?? []);
  return medians.length === of.length ? times * Math.min(...medians) : null;
}

function textOf(target: Target, unit: Unit): string {
  const who = target.subject === undefined ? '' : `${target.subject} `;
  if ('atMost' in target) return `${who}≤ ${target.atMost} ${signOf(unit)}`;
  const [peer = ''] = target.of;
  const peers = target.of.length === 1 ? peer : 'the fastest jco'; // no other peer comes in several forms
  return target.times < 1
    ? `${who}${Math.round(1 / target.times)} × faster than ${peers}`
    : `${who}≤ ${target.times} × ${peers}`;
}
