import {
  type AllowedCall,
  type Ceiling,
  decideCall,
  decideDelegate,
  decideGrant,
  type Gate,
  type Label,
  LabelSpace,
  type Privilege,
  Privileges,
  parsePrivilege,
  RULES,
  type RuleTable,
} from '../../src/label/index.ts';
import { Guests, type Instance } from './model-guests.ts';
import { type Action, type GateSpec, grantsOf, nameOf, type Observation, type Run, type World } from './world.ts';

/*
 * What a host does, without Wasm and without a host: the decisions are the rule table's, all else is written down here a second
 * time, as plainly as it goes. A test holds it equal to real hosts running the same guests, so what is true of the model
 * in a hundred thousand worlds is true of them.
 */

/** What may be wrong with a host. The property must find each. */
export interface Semantics {
  readonly rules: RuleTable;
  /** All labels share one instance, one queue, one budget. */
  readonly isInstanceShared: boolean;
  readonly isQueueShared: boolean;
  readonly isBudgetShared: boolean;
}

export const SOUND: Semantics = {
  rules: RULES,
  isInstanceShared: false,
  isQueueShared: false,
  isBudgetShared: false,
};

/** An observation, or what a gate lets through: that has the label before it, too. */
export interface Event extends Observation {
  readonly releasedFrom: Label | null;
}

export interface Trace {
  readonly events: readonly Event[];
  /** Whether a real host must do all in this order: not where several deliveries at once may wait for the host's functions. */
  readonly isOrdered: boolean;
  /** Whether no two messages were ever on their way at once. */
  readonly isSequential: boolean;
}

export const SPACE = new LabelSpace([
  { name: 'customer:*', kind: 'secrecy', owner: 'desk', isFamily: true },
  { name: 'vetted', kind: 'integrity', owner: 'desk', isFamily: false },
]);
const OWNER = 'desk';

/** A call and all that is nested in it: when it has failed, nothing of it goes on. */
export class Chain {
  failure: string | null = null;
  depth = 0;

  fail(code: string): never {
    this.failure ??= code;
    throw new Failed(this.failure);
  }
}

/** Thrown through the guests on the way; no Error, since to note the stack of each takes longer than all the rest. */
export class Failed {
  readonly code: string;

  constructor(code: string) {
    this.code = code;
  }
}

/** One way from one party to one export or resource. */
export interface Edge {
  readonly name: string;
  readonly isPost: boolean;
  readonly base: Label;
  readonly clearance: Ceiling;
  readonly linkGate: { readonly spec: GateSpec; readonly holder: number | null } | null;
  readonly exportGate: { readonly spec: GateSpec; readonly holder: number } | null;
}

interface Grant {
  readonly by: string;
  readonly isOwner: boolean;
  readonly to: number;
  readonly privilege: Privilege;
}

interface Post {
  readonly account: string;
  readonly waits: boolean;
  readonly deliver: () => void;
}

/** The state of a host, less its guests. */
export class Model {
  readonly world: World;
  readonly events: Event[] = [];
  readonly semantics: Semantics;
  isOrdered = true;
  isSequential = true;
  #grants: Grant[];
  #held = new Map<number, Privileges>();
  readonly #verdicts = new Map<Edge, Map<number, AllowedCall | null>>();
  readonly #budgets = new Map<string, { calls: number; bytes: number }>();
  #queue: Post[] = [];
  readonly #waiting = new Map<string, number>();

  constructor(world: World, semantics: Semantics) {
    this.world = world;
    this.semantics = semantics;
    this.#grants = world.compartments.flatMap((spec, to) =>
      grantsOf(spec).map((text) => ({ by: OWNER, isOwner: true, to, privilege: parsePrivilege(text) })),
    );
    this.#settle();
  }

  see(label: Label, what: string, releasedFrom: Label | null = null): void {
    const from = releasedFrom === null ? '' : ` (${SPACE.format(releasedFrom)})`;
    this.events.push({ label, what: `${what}${from}`, releasedFrom });
  }

  /** Which instance may take it, and at which labels; null where it is denied. Kept until the grants change. */
  decide(edge: Edge, from: Label | null, request: Label, bytes: number): AllowedCall | null {
    if (isBudgeted(edge.linkGate) || isBudgeted(edge.exportGate)) return this.#decide(edge, from, request, bytes);
    const known = this.#verdicts.get(edge) ?? new Map<number, AllowedCall | null>();
    this.#verdicts.set(edge, known);
    const key = from === null ? -1 - request.id : request.id;
    const verdict = known.get(key);
    if (verdict !== undefined) return verdict;
    const decided = this.#decide(edge, from, request, bytes);
    known.set(key, decided);
    return decided;
  }

  #decide(edge: Edge, from: Label | null, request: Label, bytes: number): AllowedCall | null {
    const gate = (at: Edge['linkGate'], name: string, size: number): Gate | null => {
      if (at === null) return null;
      const privileges = (at.holder === null ? undefined : this.#held.get(at.holder)) ?? new Privileges();
      return { tags: at.spec, privileges, isOpen: this.#isOpen(name, at.spec, request, size) };
    };
    const { rules } = this.semantics;
    const verdict = decideCall(
      SPACE,
      {
        kind: edge.isPost ? 'post' : 'call',
        from,
        request,
        linkGate: gate(edge.linkGate, `link ${edge.name}`, bytes),
        base: edge.base,
        clearance: edge.clearance,
        exportGate: gate(edge.exportGate, `export ${edge.exportGate?.holder}`, 0),
      },
      rules,
    );
    return verdict.allowed ? verdict : null;
  }

  /** Takes one use of a gate from its budget. */
  use(edge: Edge, side: 'link' | 'export', request: Label, bytes: number): void {
    const name = side === 'link' ? `link ${edge.name}` : `export ${edge.exportGate?.holder}`;
    const key = this.#account(name, request);
    const { calls, bytes: taken } = this.#budgets.get(key) ?? { calls: 0, bytes: 0 };
    this.#budgets.set(key, { calls: calls + 1, bytes: taken + bytes });
  }

  #isOpen(name: string, { calls, bytes }: GateSpec, request: Label, size: number): boolean {
    const used = this.#budgets.get(this.#account(name, request)) ?? { calls: 0, bytes: 0 };
    return (calls === null || used.calls < calls) && (bytes === null || used.bytes + size <= bytes);
  }

  #account(name: string, request: Label): string {
    return this.semantics.isBudgetShared ? name : `${name} ${request.id}`;
  }

  /** False where the queue is full. */
  post(to: string, label: Label, limit: number, waits: boolean, deliver: () => void): boolean {
    const account = this.semantics.isQueueShared ? to : `${to} ${label.id}`;
    const count = this.#waiting.get(account) ?? 0;
    if (count >= limit) return false;
    this.#waiting.set(account, count + 1);
    this.#queue.push({ account, waits, deliver });
    return true;
  }

  /** Delivers what waits, and what is sent meanwhile in later rounds. A place in a queue is free when its round is over. */
  drain(): void {
    while (this.#queue.length > 0) {
      const round = this.#queue;
      this.#queue = [];
      if (round.length > 1) {
        this.isSequential = false;
        if (round.some(({ waits }) => waits)) this.isOrdered = false;
      }
      for (const { deliver } of round) deliver();
      for (const { account } of round) this.#waiting.set(account, (this.#waiting.get(account) ?? 1) - 1);
    }
  }

  /** What the host is told: null, or a code. */
  change({ act, by, to, privilege: text }: Extract<Action, { act: 'grant' | 'revoke' | 'delegate' }>): string | null {
    const privilege = parsePrivilege(text);
    const { rules } = this.semantics;
    if (act === 'delegate') {
      const holder = this.#held.get(Number(by.slice(1))) ?? new Privileges();
      if (!decideDelegate({ holder, privilege }, rules).allowed) return 'GRANT_AMPLIFIES';
    } else if (!decideGrant({ tagOwner: OWNER, by, privilege }, rules).allowed) return 'GRANT_NOT_OWNER';
    if (act === 'revoke') {
      const taken = new Privileges([privilege]);
      const left = this.#grants.filter((grant) => grant.to !== to || !taken.covers(grant.privilege));
      if (left.length === this.#grants.length) return 'GRANT_UNKNOWN';
      this.#grants = left;
    } else this.#grants = [...this.#grants, { by, isOwner: act === 'grant', to, privilege }];
    this.#settle();
    return null;
  }

  /** What was delegated stands only while its giver holds it from somewhere else. */
  #settle(): void {
    this.#verdicts.clear();
    this.#held = new Map();
    let left = this.#grants;
    const kept: Grant[] = [];
    for (let size = -1; size !== kept.length; ) {
      size = kept.length;
      const isHeld = ({ by, isOwner, privilege }: Grant) =>
        isOwner || (this.#held.get(Number(by.slice(1)))?.covers(privilege) ?? false);
      const next = left.filter(isHeld);
      left = left.filter((grant) => !next.includes(grant));
      for (const grant of next) {
        this.#held.set(grant.to, (this.#held.get(grant.to) ?? new Privileges()).with(grant.privilege));
        kept.push(grant);
      }
    }
    this.#grants = kept;
  }
}

function isBudgeted(gate: Edge['linkGate']): boolean {
  return gate !== null && (gate.spec.calls !== null || gate.spec.bytes !== null);
}

/** What happens in one of the two runs of a world. */
export function runModel(world: World, run: Run, semantics: Semantics = SOUND): Trace {
  const model = new Model(world, semantics);
  const guests = new Guests(model, run);
  for (const [i, action] of world.actions.entries()) {
    if (!('input' in action)) {
      model.see(SPACE.public, `${i}: ${model.change(action) ?? 'ok'}`);
      continue;
    }
    guests.act(i, action);
    if (action.isDrained) model.drain();
  }
  model.drain();
  for (const instance of guests.live()) model.see(instance.label, stateOf(instance));
  const { events, isOrdered, isSequential } = model;
  return { events, isOrdered, isSequential };
}

function stateOf({ compartment, label, state, pages }: Instance): string {
  return `${nameOf(compartment)}@${SPACE.format(label)} ends as ${state} in ${pages} pages`;
}
