import { CofferdamError } from '../error.ts';
import type { AuditEvent, AuditEventOf, EventKind } from './events.ts';
import { EVENT_KINDS, labelsOf } from './format.ts';
import { JournalReader, type JournalSource } from './reader.ts';

/** All that are given must hold. */
export interface EventFilter {
  readonly kinds?: readonly EventKind[] | undefined;
  /** Events that name this compartment, or an instance of it. */
  readonly compartment?: string | undefined;
  /** Events that name this instance, session or `host`. */
  readonly participant?: string | undefined;
  /** Events with a label, a privilege or a list of tags that has this tag. */
  readonly tag?: string | undefined;
  readonly message?: number | undefined;
  /** Inclusive. */
  readonly fromMs?: number | undefined;
  readonly toMs?: number | undefined;
  readonly fromSeq?: number | undefined;
  readonly toSeq?: number | undefined;
}

/** Streams the events that match, oldest first. Throws AUDIT_READ, AUDIT_FORMAT or AUDIT_QUERY. */
export function* queryEvents(source: JournalSource, filter: EventFilter = {}): Generator<AuditEvent> {
  assertFilter(filter);
  const kinds = filter.kinds && new Set(filter.kinds);
  const compartments = new CompartmentIndex();
  using reader = new JournalReader(source);
  for (const event of reader.events()) {
    if (filter.toSeq !== undefined && event.seq > filter.toSeq) return;
    compartments.enter(event);
    if (kinds === undefined || kinds.has(event.kind)) {
      if (isMatch(event, filter, compartments)) yield event;
    }
    compartments.leave(event);
  }
}

export function denials(
  source: JournalSource,
  filter: Omit<EventFilter, 'kinds'> = {},
): Generator<AuditEventOf<'denied'>> {
  return queryEvents(source, { ...filter, kinds: ['denied'] }) as Generator<AuditEventOf<'denied'>>;
}

export function gates(source: JournalSource, filter: Omit<EventFilter, 'kinds'> = {}): Generator<AuditEventOf<'gate'>> {
  return queryEvents(source, { ...filter, kinds: ['gate'] }) as Generator<AuditEventOf<'gate'>>;
}

/** Is the event about this message? */
export function hasMessage(event: AuditEvent, message: number): boolean {
  if (!('message' in event) || event.message === null) return false;
  if (event.kind === 'calls') return message >= event.message && message < event.message + event.count;
  return event.message === message;
}

/** The participants and names that an event mentions. */
export function participantsOf(event: AuditEvent): string[] {
  switch (event.kind) {
    case 'call':
    case 'reply':
    case 'post':
    case 'denied':
    case 'grant':
    case 'revoke':
    case 'delegate':
    case 'port':
    case 'calls':
      return [event.from, event.to];
    case 'deliver':
      return [event.to];
    case 'start':
    case 'stop':
    case 'trap':
    case 'output':
    case 'read':
    case 'write':
      return [event.instance];
    case 'limit':
      return [event.subject];
    default:
      return [];
  }
}

/** Which compartment a live instance belongs to, by the starts and stops that were passed. */
class CompartmentIndex {
  readonly #byInstance = new Map<string, string>();

  enter(event: AuditEvent): void {
    if (event.kind === 'start') this.#byInstance.set(event.instance, event.compartment);
    if (event.kind === 'host') this.#byInstance.clear();
  }

  leave(event: AuditEvent): void {
    if (event.kind === 'stop') this.#byInstance.delete(event.instance);
  }

  isOf(participant: string, compartment: string): boolean {
    return participant === compartment || this.#byInstance.get(participant) === compartment;
  }
}

function isMatch(event: AuditEvent, filter: EventFilter, compartments: CompartmentIndex): boolean {
  const { compartment, participant, tag, message, fromMs, toMs, fromSeq } = filter;
  if (fromSeq !== undefined && event.seq < fromSeq) return false;
  if (fromMs !== undefined && event.timeMs < fromMs) return false;
  if (toMs !== undefined && event.timeMs > toMs) return false;
  if (message !== undefined && !hasMessage(event, message)) return false;
  if (participant !== undefined && !participantsOf(event).includes(participant)) return false;
  if (tag !== undefined && !hasTag(event, tag)) return false;
  if (compartment === undefined) return true;
  if ('compartment' in event && event.compartment === compartment) return true;
  return participantsOf(event).some((name) => compartments.isOf(name, compartment));
}

/** Does a label of the event carry the tag, or is the event about it? */
function hasTag(event: AuditEvent, tag: string): boolean {
  if (labelsOf(event).some(({ secrecy, integrity }) => secrecy.includes(tag) || integrity.includes(tag))) return true;
  switch (event.kind) {
    case 'denied':
      return event.tags.includes(tag);
    case 'gate':
      return event.declassified.includes(tag) || event.endorsed.includes(tag);
    case 'grant':
    case 'revoke':
    case 'delegate':
      return event.privilege === `${tag}-` || event.privilege === `${tag}+`;
    default:
      return false;
  }
}

function assertFilter({ kinds }: EventFilter): void {
  for (const kind of kinds ?? []) {
    if (EVENT_KINDS.includes(kind)) continue;
    throw new CofferdamError('AUDIT_QUERY', `"${kind}" is no kind of event - use one of ${EVENT_KINDS.join(', ')}.`);
  }
}
