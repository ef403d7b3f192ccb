import { type CallVerdict, ceilingOf, decideCall, type Gate, type Label, type LabelSpace } from '../label/index.ts';
import type { GatePolicy } from '../policy/policy.ts';
import type { Edge } from './edge.ts';
import type { GateBudgets } from './gates.ts';
import type { Grants } from './grants.ts';

/** Who asks: `from` is null for trusted host code, which takes the result with its label. */
export interface Asking {
  readonly from: Label | null;
  readonly request: Label;
}

/** What of the gates' budgets is left for this message. */
interface Openings {
  readonly link: boolean;
  readonly export: boolean;
}

const OPEN: Openings = { link: true, export: true };

/**
 * The verdict of each (edge, label), decided once per epoch: a verdict depends on the manifest, the grants, the edge and
 * the label alone. Only a budgeted gate is looked at for each message.
 */
export class Decisions {
  #cache: Map<number, CallVerdict>[] = [];
  #epoch = 0;
  #space: LabelSpace;
  #grants: Grants;
  #budgets: GateBudgets;

  constructor(space: LabelSpace, grants: Grants, budgets: GateBudgets) {
    this.#space = space;
    this.#grants = grants;
    this.#budgets = budgets;
  }

  /** Rules 1 to 4 for a compartment, rule 5 for a resource. `bytes` is the size of the message, for budgets. */
  decide(edge: Edge, asking: Asking, bytes: number): CallVerdict {
    const verdict = this.standing(edge, asking);
    if (!verdict.allowed || !(verdict.linkGateUsed || verdict.exportGateUsed)) return verdict;
    const open = {
      link: !verdict.linkGateUsed || this.#isOpen(linkGateName(edge), edge.linkGate, asking.request, bytes),
      export:
        !verdict.exportGateUsed || this.#isOpen(exportGateName(edge), edge.exportGate, asking.request, maxReply(edge)),
    };
    return open.link && open.export ? verdict : this.#decide(edge, asking, open);
  }

  /** As `decide`, but with all budgets taken as open: what the policy says, not what is left of it. */
  standing(edge: Edge, asking: Asking): CallVerdict {
    if (this.#epoch !== this.#grants.epoch) {
      this.#cache = [];
      this.#epoch = this.#grants.epoch;
    }
    const key = asking.from === null ? -1 - asking.request.id : asking.request.id;
    let verdicts = this.#cache[edge.id];
    if (verdicts === undefined) {
      verdicts = new Map();
      this.#cache[edge.id] = verdicts;
    }
    let verdict = verdicts.get(key);
    if (verdict === undefined) {
      verdict = this.#decide(edge, asking, OPEN);
      verdicts.set(key, verdict);
    }
    return verdict;
  }

  #decide(edge: Edge, { from, request }: Asking, open: Openings): CallVerdict {
    const { target } = edge;
    const kind = edge.isPost ? ('post' as const) : ('call' as const);
    const linkGate = this.#gate(edge.linkGate, edge.from, open.link);
    if (target.kind === 'resource') {
      // Rule 5 is rules 1 and 3 for a callee that runs at the resource's label and no other.
      const label = target.resource.label ?? request;
      const callee = { base: label, clearance: ceilingOf(label), exportGate: null };
      return decideCall(this.#space, { kind, from, request, linkGate, ...callee });
    }
    const exportGate = this.#gate(edge.exportGate, edge.to, open.export);
    const { base, policy } = target.compartment;
    return decideCall(this.#space, { kind, from, request, linkGate, base, clearance: policy.clearance, exportGate });
  }

  #gate(policy: GatePolicy | null, holder: string, isOpen: boolean): Gate | null {
    return policy && { tags: policy, privileges: this.#grants.heldBy(holder), isOpen };
  }

  #isOpen(name: string, policy: GatePolicy | null, request: Label, maxBytes: number): boolean {
    return policy === null || this.#budgets.isOpen(name, policy, request, maxBytes);
  }
}

/** A gate's name in the journal and in budgets: stable while the manifest stays the same. */
export function linkGateName(edge: Edge): string {
  return `${edge.from} -> ${edge.to} (${edge.name})`;
}

export function exportGateName(edge: Edge): string {
  return `${edge.to}.${edge.name}`;
}

/** The most that a reply can release: what an export's gate reserves before the call. */
export function maxReply(edge: Edge): number {
  return edge.target.kind === 'export' ? edge.target.compartment.policy.limits.messageBytes : 0;
}
