import type { CallsEvent, CrossingsEvent, PortEvent, StoredCrossings } from './crossing-events.ts';

/**
 * What the journal records: one flat object per event, never a payload. Message bytes are counted, not kept, so a
 * journal may be read by whoever may know that a crossing happened (labels and names), not what crossed.
 *
 * Changing the fields of a kind is a new payload format (see format.ts): old journals stay readable.
 */

/** A label in stored form. Objects given to the journal must not be changed afterwards; reusing one object is cheapest. */
export interface StoredLabel {
  readonly secrecy: readonly string[];
  readonly integrity: readonly string[];
}

/**
 * Who sends, receives or holds data: an instance id, a session id, `host#<message>` for what trusted host code holds of one
 * message, or `host` for host code as such. Unique within one run of a host (from one `host` start to the next).
 */
export type Participant = string;

/** Number of a message (or of one use of a resource), unique within one run of a host. */
export type MessageId = number;

interface HostEvent {
  readonly kind: 'host';
  readonly phase: 'start' | 'stop';
  /** `{ cofferdam: '0.1.0', node: '26.10.0' }`. */
  readonly versions: Readonly<Record<string, string>>;
  readonly manifestSha256: string | null;
}

interface LoadEvent {
  readonly kind: 'load';
  readonly compartment: string;
  readonly sha256: string;
}

interface UnloadEvent {
  readonly kind: 'unload';
  readonly compartment: string;
  readonly sha256: string;
}

interface ReplaceEvent {
  readonly kind: 'replace';
  readonly compartment: string;
  readonly sha256: string;
  readonly previousSha256: string;
}

interface StartEvent {
  readonly kind: 'start';
  readonly instance: Participant;
  readonly compartment: string;
  readonly label: StoredLabel;
}

interface StopEvent {
  readonly kind: 'stop';
  readonly instance: Participant;
  readonly compartment: string;
  readonly label: StoredLabel;
}

/** A request that is about to run in `to`. */
interface CallEvent {
  readonly kind: 'call';
  readonly message: MessageId;
  /** The message in whose course this one was sent, or null for one that starts at the host. */
  readonly parent: MessageId | null;
  /** The edge as the operator knows it, e.g. `summarise -> classify: desk:text/classify#classify`. */
  readonly edge: string;
  readonly from: Participant;
  readonly to: Participant;
  readonly requestLabel: StoredLabel;
  readonly instanceLabel: StoredLabel;
  readonly export: string;
  readonly bytes: number;
}

/** The answer to a call, about to be delivered to `to` (`host#`: to the host, under the number of the message). `from` is the instance that ran it. */
interface ReplyEvent {
  readonly kind: 'reply';
  readonly message: MessageId;
  readonly from: Participant;
  readonly to: Participant;
  readonly label: StoredLabel;
  readonly bytes: number;
  /** `ok`, `err`, or the code of the trap or limit that ended the call. */
  readonly outcome: string;
}

/** A one-way message that was accepted. */
interface PostEvent {
  readonly kind: 'post';
  readonly message: MessageId;
  readonly parent: MessageId | null;
  readonly edge: string;
  readonly from: Participant;
  /** The compartment; the instance is named by `deliver`. */
  readonly to: string;
  readonly requestLabel: StoredLabel;
  readonly export: string;
  readonly bytes: number;
}

/** An accepted post that is about to run in `to`. */
interface DeliverEvent {
  readonly kind: 'deliver';
  readonly message: MessageId;
  readonly to: Participant;
  readonly label: StoredLabel;
}

interface DeniedEvent {
  readonly kind: 'denied';
  readonly message: MessageId | null;
  readonly edge: string;
  readonly from: Participant;
  /** The compartment or resource it was meant for. */
  readonly to: string;
  readonly requestLabel: StoredLabel;
  /** What the request label was compared with: clearance, caller's label or resource label. */
  readonly targetLabel: StoredLabel;
  /** Rule of the rule table, e.g. `enter`. */
  readonly rule: string;
  /** The condition of that rule that failed. */
  readonly condition: string;
  readonly tags: readonly string[];
}

/** One use of a gate; recorded before the request, reply or write that it releases. */
interface GateEvent {
  readonly kind: 'gate';
  readonly gate: string;
  /** The message whose request or reply was released. */
  readonly message: MessageId;
  readonly direction: 'request' | 'reply';
  readonly requestLabel: StoredLabel;
  readonly before: StoredLabel;
  readonly after: StoredLabel;
  readonly declassified: readonly string[];
  readonly endorsed: readonly string[];
  /** Bytes and calls that this use took from the gate's budget. */
  readonly bytes: number;
  readonly calls: number;
}

interface PrivilegeChange {
  /** Who grants, revokes or passes on: a principal or participant. */
  readonly from: string;
  readonly to: string;
  /** As written in a manifest: `customer:acme-`. */
  readonly privilege: string;
  /** The grant epoch that this change begins. */
  readonly epoch: number;
}

interface GrantEvent extends PrivilegeChange {
  readonly kind: 'grant';
}

interface RevokeEvent extends PrivilegeChange {
  readonly kind: 'revoke';
}

interface DelegateEvent extends PrivilegeChange {
  readonly kind: 'delegate';
}

interface TrapEvent {
  readonly kind: 'trap';
  readonly message: MessageId | null;
  readonly instance: Participant;
  readonly code: string;
  /** For the operator only; cut to `LIMITS.maxTextChars`. */
  readonly detail: string;
}

interface ResourceUse {
  /** Number of this use, or null. A gate on the link to the resource names the same number. */
  readonly message: MessageId | null;
  readonly resource: string;
  readonly instance: Participant;
  /** The label of what was read or written, not of the instance. */
  readonly label: StoredLabel;
  readonly bytes: number;
}

interface ReadEvent extends ResourceUse {
  readonly kind: 'read';
}

interface WriteEvent extends ResourceUse {
  readonly kind: 'write';
}

interface OutputEvent {
  readonly kind: 'output';
  readonly instance: Participant;
  readonly stream: 'stdout' | 'stderr';
  readonly bytes: number;
}

/** A limit was met. */
interface LimitEvent {
  readonly kind: 'limit';
  /** Whose limit: an instance, a compartment, a gate or `host`. */
  readonly subject: string;
  /** The limit's name, e.g. `queue`. */
  readonly limit: string;
  readonly amount: number;
}

/** Somebody who runs the host acts on a compartment. */
interface OperateEvent {
  readonly kind: 'operate';
  readonly act: 'suspend' | 'resume' | 'stop' | 'replace';
  readonly compartment: string;
  /** `program`, or `control` for a command that came through the control socket. */
  readonly by: string;
}

/** An enclave is launched, evidence of it is given, or a secret reaches it. */
interface AttestEvent {
  readonly kind: 'attest';
  readonly act: 'launch' | 'evidence' | 'provision';
  readonly compartment: string;
  /** SHA-256 in hex. */
  readonly measurement: string;
  /** `production` or `debug`; who chose which nonce; the name of the secret and its label. Never the secret. */
  readonly detail: string;
}

/** An event as its author writes it: the journal adds `seq` and `timeMs`. */
export type EventInput =
  | HostEvent
  | LoadEvent
  | UnloadEvent
  | ReplaceEvent
  | StartEvent
  | StopEvent
  | CallEvent
  | ReplyEvent
  | PostEvent
  | DeliverEvent
  | DeniedEvent
  | GateEvent
  | GrantEvent
  | RevokeEvent
  | DelegateEvent
  | TrapEvent
  | ReadEvent
  | WriteEvent
  | OutputEvent
  | LimitEvent
  | OperateEvent
  | AttestEvent
  | PortEvent
  | CrossingsEvent;

/** What the author of an event of kind K writes. */
export type EventInputOf<K extends EventInput['kind']> = Extract<EventInput, { kind: K }>;

/** What the journal adds to an event. */
export interface Recorded {
  readonly seq: number;
  readonly timeMs: number;
}

/** What readers see: `calls` in the place of `crossings`. */
export type ReadableEvent = Exclude<EventInput, CrossingsEvent> | CallsEvent;

/** An event as read back. `seq` counts from 1 without gaps; `timeMs` is the journal's clock, whole milliseconds. */
export type AuditEvent = Recorded & ReadableEvent;

export type EventKind = AuditEvent['kind'];

/** An event as it is kept. */
export type StoredEvent = Exclude<AuditEvent, CallsEvent> | StoredCrossings;

export type AuditEventOf<K extends EventKind> = Extract<AuditEvent, { kind: K }>;
