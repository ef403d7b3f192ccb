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
export { type ExportFormat, exportEvents } from './export.ts';
export { EVENT_KINDS } from './format.ts';
export type { Head } from './hash.ts';
export { type Journal, type JournalOptions, openJournal } from './journal.ts';
export { BATCH_LIMITS, LIMITS as AUDIT_LIMITS } from './limits.ts';
export { denials, type EventFilter, gates, queryEvents } from './query.ts';
export type { JournalSource } from './reader.ts';
export { type TraceQuery, trace } from './trace.ts';
export type { TraceEdge, TraceEdgeKind, TraceGate, TraceGraph, TraceNode, TraceNodeKind } from './trace-graph.ts';
export { printable, renderTrace, type TraceFormat } from './trace-render.ts';
export { routesOf, type TraceRoute } from './trace-routes.ts';
export { type Problem, type ProblemKind, type VerifyOptions, type VerifyReport, verifyJournal } from './verify.ts';
