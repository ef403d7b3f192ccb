import type { AuditEvent, StoredLabel } from '../../src/audit/index.ts';
import { canSee, type World } from './world.ts';

/*
 * The journal belongs to the operator, who may know of everything that crossed. What of it may be shown to somebody at a
 * label: the events all of whose labels that one can see, without the numbers that count what happened elsewhere.
 */

/** Numbers of the journal as a whole, which an observer is not shown: its place in the file, the time. */
const WHOLE = new Set(['seq', 'timeMs', 'kind']);
/** Numbers that are given out in one row to all labels: shown as their order among those that can be seen. */
const COUNTED = new Set(['message', 'parent', 'port']);

export function journalAs(observer: World['observer'], events: Iterable<AuditEvent>): readonly string[] {
  const labels = new Map<string, StoredLabel>();
  const numbers = new Map<string, number>();
  const numberOf = (row: string, number: unknown): number => {
    const key = `${row} ${number}`;
    const known = numbers.get(key) ?? numbers.size;
    numbers.set(key, known);
    return known;
  };
  const text = (event: AuditEvent) =>
    Object.entries(event)
      .filter(([key]) => !WHOLE.has(key))
      .map(([key, value]) => {
        if (COUNTED.has(key) && value !== null) return `${key}=${numberOf(key === 'port' ? 'port' : 'message', value)}`;
        if (typeof value === 'string')
          return `${key}=${value.replace(/^host#(\d+)$/, (_, n) => `host#${numberOf('message', n)}`)}`;
        return `${key}=${JSON.stringify(value)}`;
      })
      .join(' ');
  const seen: string[] = [];
  for (const event of events) {
    if (event.kind === 'start') labels.set(event.instance, event.label);
    const carried = labelsIn(event, labels);
    if (carried === null || !carried.every((label) => canSee(observer, label))) continue;
    for (const each of alone(event)) seen.push(`${event.kind} ${text(each)}`);
  }
  return seen;
}

/** Null: for the operator alone. */
function labelsIn(event: AuditEvent, known: ReadonlyMap<string, StoredLabel>): StoredLabel[] | null {
  const of = (name: string) => known.get(name) ?? [];
  switch (event.kind) {
    case 'grant':
    case 'revoke':
    case 'delegate':
      return [];
    case 'limit':
      return null; // it says whose, and not at which label
    case 'trap':
    case 'output':
      return known.has(event.instance) ? [of(event.instance)].flat() : null; // of no instance: it was not delivered
    case 'denied':
      return [event.requestLabel, of(event.from)].flat(); // what it was compared with is the manifest's
    case 'start':
    case 'stop':
    case 'read':
    case 'write':
      return [event.label, of(event.instance)].flat();
    case 'deliver':
    case 'reply':
      return [event.label, of(event.to)].flat();
    case 'post':
      return [event.requestLabel, of(event.from)].flat();
    case 'call':
    case 'port':
    case 'calls':
      return [event.requestLabel, event.instanceLabel, of(event.from)].flat();
    case 'gate':
      return [event.requestLabel, event.before, event.after];
    default:
      return null;
  }
}

/** Several calls in one record are several calls: what is recorded in between, and so parts them, may be somebody else's. */
function alone(event: AuditEvent): AuditEvent[] {
  if (event.kind !== 'calls' || event.count < 2) return [event];
  return Array.from({ length: event.count }, (_, i) => ({
    ...event,
    message: event.message === null ? null : event.message + i,
    count: 1,
    requestBytes: 0,
    replyBytes: 0,
  }));
}
