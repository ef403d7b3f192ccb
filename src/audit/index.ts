export type {
  AuditEvent,
  AuditEventOf,
  EventInput,
  EventInputOf,
  EventKind,
  MessageId,
  Participant,
  StoredLabel,
} from './events.ts';
export { EVENT_KINDS } from './format.ts';
export type { Head } from './hash.ts';
export { type Journal, type JournalOptions, openJournal } from './journal.ts';
export { BATCH_LIMITS, LIMITS as AUDIT_LIMITS } from './limits.ts';
