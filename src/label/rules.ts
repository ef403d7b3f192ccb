import type { Ceiling, Label } from './label.ts';
import { formatPrivilege, type Privilege, type Privileges, type Right } from './privilege.ts';
import type { LabelSpace } from './space.ts';

/*
 * The rules, as data. What evaluates them is decide.ts; what each means to a reader is docs/labels.md. They stand apart so
 * that a test can drop one condition at a time and demand that a named guarantee breaks (after QuickChick/IFC, `Mutate.v`).
 */

/** What a gate removes and adds, and what it demands of the request before it does. */
export interface GateTags {
  /** Secrecy tags and families to remove. */
  readonly declassify: readonly string[];
  /** Integrity tags to add. */
  readonly endorse: readonly string[];
  /** Integrity tags that the request must carry. */
  readonly requires: readonly string[];
}

/** A gate on the way of one message. */
export interface Gate {
  readonly tags: GateTags;
  /** Of the compartment that releases: the caller at a link, the callee at an export. */
  readonly privileges: Privileges;
  /** Is there budget left? */
  readonly isOpen: boolean;
}

/** What is asked: may this happen, and at which labels? */
export interface Flow {
  readonly kind: 'call' | 'post';
  /** The calling instance's label; null for trusted host code or a session, which takes the result with its label. */
  readonly from: Label | null;
  /** What the message is labelled before any gate: `from` for a guest, the message's own label for a host. */
  readonly request: Label;
  /** The gate on the link, or null. */
  readonly linkGate: Gate | null;
  /** Base label of the callee. */
  readonly base: Label;
  readonly clearance: Ceiling;
  /** The gate on the export, or null. A post has no reply, so it never opens. */
  readonly exportGate: Gate | null;
}

export type Action = Flow['kind'] | 'read' | 'write' | 'create';

/** Everything that can have a label in one decision; null where it plays no part. */
export interface Places {
  /** The calling instance. */
  readonly caller: Label | null;
  /** The message as it was sent, before the link's gate. */
  readonly sent: Label | null;
  /** The message as it arrives, after the link's gate. */
  readonly request: Label | null;
  /** Base label of the callee. */
  readonly base: Label | null;
  /** The instance that runs, reads or writes. */
  readonly instance: Label | null;
  readonly clearance: Ceiling | null;
  /** The result, after the export's gate. */
  readonly reply: Label | null;
  readonly resource: Label | null;
  /** What is about to be created. */
  readonly object: Label | null;
}

/** `from` must be able to flow to `to`. Where one of the two is null, nothing flows there and nothing is demanded. */
interface FlowCondition {
  readonly rule: 1 | 2 | 3 | 5;
  readonly name: string;
  readonly on: readonly Action[];
  readonly from: Exclude<keyof Places, 'clearance'>;
  readonly to: keyof Places;
}

/** The instance that a request selects carries at least this. */
interface InstancePart {
  readonly rule: 1;
  readonly name: string;
  readonly of: 'base' | 'request';
}

/** A gate opens only if nothing is missing; `request` is the label of the message that reached the gate. */
export interface GateCondition {
  readonly name: 'requires' | 'declassify-privilege' | 'endorse-privilege' | 'budget';
  /** Tags, privileges in text form, or `budget`. */
  readonly missing: (space: LabelSpace, gate: Gate, request: Label) => readonly string[];
}

/** An act upon privileges. `by` is a principal, `instance` null for trusted host code. */
export type GrantAct =
  | { readonly on: 'grant'; readonly tagOwner: string | undefined; readonly by: string; readonly privilege: Privilege }
  | { readonly on: 'delegate'; readonly holder: Privileges; readonly privilege: Privilege }
  | { readonly on: 'change'; readonly instance: Label | null };

interface GrantCondition {
  readonly rule: 8;
  readonly name: string;
  readonly holds: (act: GrantAct) => boolean;
}

export interface RuleTable {
  readonly instance: readonly InstancePart[];
  readonly gate: readonly GateCondition[];
  readonly flow: readonly FlowCondition[];
  readonly grant: readonly GrantCondition[];
}

const INSTANCE: readonly InstancePart[] = [
  { rule: 1, name: 'base', of: 'base' },
  { rule: 1, name: 'request', of: 'request' },
];

const GATE: readonly GateCondition[] = [
  {
    // Without it whoever may send to the gate at all could make it release: a confused deputy.
    name: 'requires',
    missing: (_, { tags }, request) => tags.requires.filter((tag) => !request.integrity.includes(tag)),
  },
  {
    name: 'declassify-privilege',
    missing: (space, { tags, privileges }) => missingPrivileges(space, privileges, 'declassify', tags.declassify),
  },
  {
    name: 'endorse-privilege',
    missing: (space, { tags, privileges }) => missingPrivileges(space, privileges, 'endorse', tags.endorse),
  },
  { name: 'budget', missing: (_, { isOpen }) => (isOpen ? [] : ['budget']) },
];

const FLOW: readonly FlowCondition[] = [
  // A guest speaks with its own label. A lower one would be a release without a gate; with a higher one, instances that may
  // not speak to each other would share the budget that a gate keeps for that label.
  { rule: 2, name: 'sent-no-lower', on: ['call', 'post'], from: 'caller', to: 'sent' },
  { rule: 2, name: 'sent-no-higher', on: ['call', 'post'], from: 'sent', to: 'caller' },
  { rule: 1, name: 'clearance', on: ['call', 'post'], from: 'instance', to: 'clearance' },
  // Decided before the callee runs: a call that could not be answered must not leave a trace in it.
  { rule: 3, name: 'reply', on: ['call'], from: 'reply', to: 'caller' },
  { rule: 5, name: 'read', on: ['read'], from: 'resource', to: 'instance' },
  { rule: 5, name: 'write', on: ['write'], from: 'instance', to: 'resource' },
  { rule: 5, name: 'create', on: ['create'], from: 'instance', to: 'object' },
  // The name of the new object is data of its container.
  { rule: 5, name: 'container', on: ['create'], from: 'instance', to: 'resource' },
];

const GRANT: readonly GrantCondition[] = [
  { rule: 8, name: 'owner', holds: (act) => act.on !== 'grant' || act.by === act.tagOwner },
  { rule: 8, name: 'holder', holds: (act) => act.on !== 'delegate' || act.holder.canDelegate(act.privilege) },
  // Everyone can feel which grants are in force, so who changes them speaks to everyone.
  {
    rule: 8,
    name: 'no-secrecy',
    holds: (act) => act.on !== 'change' || act.instance === null || act.instance.secrecy.length === 0,
  },
];

export const RULES: RuleTable = Object.freeze({ instance: INSTANCE, gate: GATE, flow: FLOW, grant: GRANT });

function missingPrivileges(
  space: LabelSpace,
  held: Privileges,
  right: Right,
  tags: readonly string[],
): readonly string[] {
  return tags
    .filter((tag) => !held.has(right, tag) && !space.isPublicRight(right, tag))
    .map((tag) => formatPrivilege({ tag, right }));
}
