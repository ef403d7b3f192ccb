import type { Ceiling, Label } from './label.ts';
import type { Privilege, Privileges } from './privilege.ts';
import {
  type Action,
  type Flow,
  type Gate,
  type GateCondition,
  type GrantAct,
  type Places,
  RULES,
  type RuleTable,
} from './rules.ts';
import type { LabelSpace } from './space.ts';
import { isCoveredByAny } from './tag.ts';

/** One condition that did not hold. */
export interface Offence {
  readonly rule: number;
  readonly condition: string;
  readonly from: Label;
  readonly to: Label | Ceiling;
  /** Secrecy tags of `from` that `to` does not take. */
  readonly secrecy: readonly string[];
  /** Integrity tags that `to` demands and `from` lacks. */
  readonly integrity: readonly string[];
}

/** A condition of a gate that failed, and what it misses: tags, privileges in text form, or `budget`. */
export interface ClosedGate {
  readonly condition: GateCondition['name'];
  readonly missing: readonly string[];
}

/** Why the gates on the way released nothing; empty for one that opened or is absent. */
export interface ClosedGates {
  readonly link: readonly ClosedGate[];
  readonly export: readonly ClosedGate[];
}

/** The first offence, and all of them in order. For the operator alone: a guest learns only that it was denied. */
export interface Denied extends Offence {
  readonly allowed: false;
  readonly action: Action;
  /** What was asked, when it was a call or a post. */
  readonly flow: Flow | null;
  readonly offences: readonly Offence[];
  readonly closedGates: ClosedGates;
}

export interface AllowedCall {
  readonly allowed: true;
  /** The message as it arrives, after the link's gate. */
  readonly request: Label;
  /** The instance that runs. */
  readonly instance: Label;
  /** The result, after the export's gate. */
  readonly reply: Label;
  /** Did the gate change the label? Only then is it a use, to be recorded and counted. */
  readonly linkGateUsed: boolean;
  readonly exportGateUsed: boolean;
  readonly closedGates: ClosedGates;
}

export interface Allowed {
  readonly allowed: true;
}

export type CallVerdict = AllowedCall | Denied;
export type ResourceVerdict = Allowed | Denied;
export type GrantVerdict = Allowed | { readonly allowed: false; readonly rule: 8; readonly condition: string };

const ALLOWED: Allowed = Object.freeze({ allowed: true });
const NO_GATES: ClosedGates = Object.freeze({ link: [], export: [] });
const NOWHERE: Places = {
  caller: null,
  sent: null,
  request: null,
  base: null,
  instance: null,
  clearance: null,
  reply: null,
  resource: null,
  object: null,
};

/**
 * Rules 1 to 4: may this message be sent, which instance takes it, and what is its reply labelled? Depends on nothing but
 * its arguments, so a verdict can be kept per edge, label and grant epoch (one for each state of the gates' budgets).
 * Throws LABEL_LIMIT, LABEL_FOREIGN.
 */
export function decideCall(space: LabelSpace, flow: Flow, rules: RuleTable = RULES): CallVerdict {
  const atLink = passGate(space, flow.linkGate, flow.request, flow.request, rules);
  const request = atLink.label;
  const instance = selectInstance(space, { base: flow.base, request }, rules);
  // A post has no reply, so there is nothing for its export gate to release.
  const atExport = passGate(space, flow.kind === 'call' ? flow.exportGate : null, request, instance, rules);
  const closedGates = { link: atLink.closed, export: atExport.closed };
  const reply = atExport.label;
  const { from: caller, request: sent, base, clearance } = flow;
  const offences = findOffences(
    space,
    flow.kind,
    { ...NOWHERE, caller, sent, request, base, instance, clearance, reply },
    rules,
  );
  return (
    denied(flow.kind, offences, flow, closedGates) ?? {
      allowed: true,
      request,
      instance,
      reply,
      linkGateUsed: request !== flow.request,
      exportGateUsed: reply !== instance,
      closedGates,
    }
  );
}

/** Rule 5: the resource must be able to flow to the instance. */
export function decideRead(
  space: LabelSpace,
  instance: Label,
  resource: Label,
  rules: RuleTable = RULES,
): ResourceVerdict {
  return decideAccess(space, ['read'], { ...NOWHERE, instance, resource }, rules);
}

/** Rule 5: the instance must be able to flow to the resource. */
export function decideWrite(
  space: LabelSpace,
  instance: Label,
  resource: Label,
  rules: RuleTable = RULES,
): ResourceVerdict {
  return decideAccess(space, ['write'], { ...NOWHERE, instance, resource }, rules);
}

/** Rule 5: reading and writing one object needs both. */
export function decideReadWrite(
  space: LabelSpace,
  instance: Label,
  resource: Label,
  rules: RuleTable = RULES,
): ResourceVerdict {
  return decideAccess(space, ['read', 'write'], { ...NOWHERE, instance, resource }, rules);
}

/**
 * Rule 5: the instance must be able to flow to the new object, and to the container that gets its name. Being told that
 * the name is taken is a read of the container, to be asked for with decideRead.
 */
export function decideCreate(
  space: LabelSpace,
  instance: Label,
  object: Label,
  container: Label,
  rules: RuleTable = RULES,
): ResourceVerdict {
  return decideAccess(space, ['create'], { ...NOWHERE, instance, object, resource: container }, rules);
}

/** Rule 8: only the owner of a tag grants its privileges. An undeclared tag has no owner, and nobody grants it. */
export function decideGrant(
  grant: { readonly tagOwner: string | undefined; readonly by: string; readonly privilege: Privilege },
  rules: RuleTable = RULES,
): GrantVerdict {
  return decideAct({ on: 'grant', ...grant }, rules);
}

/** Rule 8: a holder may pass on less, never more. */
export function decideDelegate(
  delegation: { readonly holder: Privileges; readonly privilege: Privilege },
  rules: RuleTable = RULES,
): GrantVerdict {
  return decideAct({ on: 'delegate', ...delegation }, rules);
}

/** Rule 8: only trusted host code (null) or an instance without secrecy tags may change which grants are in force. */
export function canChangeGrants(instance: Label | null, rules: RuleTable = RULES): boolean {
  return decideAct({ on: 'change', instance }, rules).allowed;
}

/** `request` is what the gate's conditions look at, `label` what it changes. All of its conditions hold, or it does nothing. */
function passGate(
  space: LabelSpace,
  gate: Gate | null,
  request: Label,
  label: Label,
  rules: RuleTable,
): { readonly label: Label; readonly closed: readonly ClosedGate[] } {
  if (gate === null) return { label, closed: [] };
  const closed = rules.gate
    .map(({ name, missing }) => ({ condition: name, missing: missing(space, gate, request) }))
    .filter(({ missing }) => missing.length > 0);
  if (closed.length > 0) return { label, closed };
  return { label: space.release(label, gate.tags.declassify, gate.tags.endorse), closed };
}

function selectInstance(
  space: LabelSpace,
  places: { readonly base: Label; readonly request: Label },
  rules: RuleTable,
): Label {
  return rules.instance.map(({ of }) => places[of]).reduce((one, other) => space.join(one, other));
}

function findOffences(space: LabelSpace, action: Action, places: Places, rules: RuleTable): Offence[] {
  return rules.flow.flatMap((condition) => {
    const from = places[condition.from];
    const to = places[condition.to];
    if (!condition.on.includes(action) || from === null || to === null) return [];
    if ('id' in to ? space.canFlow(from, to) : space.isWithin(from, to)) return [];
    return [
      {
        rule: condition.rule,
        condition: condition.name,
        from,
        to,
        secrecy: from.secrecy.filter((tag) => !isCoveredByAny(tag, to.secrecy)),
        integrity: to.integrity.filter((tag) => !from.integrity.includes(tag)),
      },
    ];
  });
}

function decideAccess(
  space: LabelSpace,
  actions: readonly Action[],
  places: Places,
  rules: RuleTable,
): ResourceVerdict {
  for (const action of actions) {
    const verdict = denied(action, findOffences(space, action, places, rules), null, NO_GATES);
    if (verdict !== undefined) return verdict;
  }
  return ALLOWED;
}

function denied(
  action: Action,
  offences: readonly Offence[],
  flow: Flow | null,
  closedGates: ClosedGates,
): Denied | undefined {
  const [first] = offences;
  return first && { ...first, allowed: false, action, flow, offences, closedGates };
}

function decideAct(act: GrantAct, rules: RuleTable): GrantVerdict {
  const failed = rules.grant.find(({ holds }) => !holds(act));
  return failed === undefined ? ALLOWED : { allowed: false, rule: failed.rule, condition: failed.name };
}
