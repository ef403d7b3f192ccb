import {
  type Ceiling,
  type Denied,
  decideCall,
  decideRead,
  decideWrite,
  type Gate,
  type Label,
  Privileges,
} from '../label/index.ts';
import { type Served, servedToHost, servedToLink, type Worlds } from './analysis-exports.ts';
import { CHECK_LIMITS, type CheckLabels, checkLimit } from './analysis-labels.ts';
import {
  type DataFlow,
  type DeniedCall,
  exportGateName,
  type FlowGraph,
  linkGateName,
  type Release,
  type Vertex,
} from './flow-graph.ts';
import type { CompartmentPolicy, EntryPolicy, GatePolicy, LinkPolicy, Policy, ResourcePolicy } from './policy.ts';

/** Everything that can happen under a policy: from each call that the host may make, along the links, and back. */
export function explore(policy: Policy, labels: CheckLabels, worlds: Worlds): FlowGraph {
  return new Explorer(policy, labels, worlds).explore();
}

type LinkedVertex = Vertex & { readonly compartment: CompartmentPolicy | null };

interface Call {
  readonly caller: LinkedVertex;
  readonly callee: CompartmentPolicy;
  readonly served: Served;
  readonly link: LinkPolicy | null;
  readonly linkIndex: number | null;
}

class Explorer {
  readonly #policy: Policy;
  readonly #labels: CheckLabels;
  readonly #worlds: Worlds;
  readonly #vertices = new Map<string, LinkedVertex>();
  readonly #flows = new Map<string, DataFlow>();
  readonly #denied: DeniedCall[] = [];
  readonly #queue: LinkedVertex[] = [];
  readonly #privileges = new Map<string, Privileges>();
  readonly #linksOf = new Map<string, [number, LinkPolicy][]>();
  #decisions = 0;

  constructor(policy: Policy, labels: CheckLabels, worlds: Worlds) {
    this.#policy = policy;
    this.#labels = labels;
    this.#worlds = worlds;
    for (const { name, grants } of policy.compartments.values()) this.#privileges.set(name, new Privileges(grants));
    for (const [index, link] of policy.links.entries()) {
      this.#linksOf.set(link.from, [...(this.#linksOf.get(link.from) ?? []), [index, link]]);
    }
  }

  explore(): FlowGraph {
    const byText = new Map<string, Label>(
      this.#labels.labels.map((label) => [this.#labels.space.format(label), label]),
    );
    for (const label of this.#labels.labels) this.#raise(label, byText);
    for (const label of this.#labels.labels) this.#enter(label);
    for (let next = this.#queue.pop(); next !== undefined; next = this.#queue.pop()) {
      for (const [index, link] of this.#linksOf.get(next.name) ?? []) this.#follow(next, index, link);
    }
    return { vertices: [...this.#vertices.values()], flows: [...this.#flows.values()], denied: this.#denied };
  }

  /** The host may add a secrecy tag or forget an integrity tag, one at a time. */
  #raise(label: Label, byText: ReadonlyMap<string, Label>): void {
    const { space } = this.#labels;
    const { secrecy, integrity } = label;
    for (const tag of secrecy) {
      const lower = byText.get(space.format({ ...label, secrecy: secrecy.filter((other) => other !== tag) }));
      if (lower !== undefined) this.#flow(this.#host(lower), this.#host(label), 'raise', null, null);
    }
    for (const tag of integrity) {
      const higher = byText.get(space.format({ ...label, integrity: integrity.filter((other) => other !== tag) }));
      if (higher !== undefined) this.#flow(this.#host(label), this.#host(higher), 'raise', null, null);
    }
  }

  #enter(label: Label): void {
    const { compartments, entries } = this.#policy;
    const all: readonly EntryPolicy[] =
      entries ?? [...compartments.keys()].map((compartment) => ({ compartment, export: null, upTo: null }));
    for (const { compartment, export: exported, upTo } of all) {
      const callee = compartments.get(compartment);
      if (callee === undefined || (upTo !== null && !this.#labels.space.isWithin(label, upTo))) continue;
      for (const served of servedToHost(callee, exported, this.#worlds.get(compartment))) {
        this.#call({ caller: this.#host(label), callee, served, link: null, linkIndex: null }, upTo !== null);
      }
    }
  }

  #follow(caller: LinkedVertex, linkIndex: number, link: LinkPolicy): void {
    const resource = this.#policy.resources.get(link.to);
    const callee = this.#policy.compartments.get(link.to);
    if (resource !== undefined) this.#use(caller, linkIndex, link, resource);
    if (callee === undefined) return;
    for (const served of servedToLink(link, callee, this.#worlds))
      this.#call({ caller, callee, served, link, linkIndex }, true);
  }

  /** Rules 1 to 4. A gate with a budget is met open and used up. */
  #call({ caller, callee, served, link, linkIndex }: Call, isDenialShown: boolean): void {
    const { space } = this.#labels;
    const isHost = caller.kind === 'host';
    for (const [isLinkOpen, isExportOpen] of openings(link?.gate ?? null, served.gate)) {
      this.#count();
      const verdict = decideCall(space, {
        kind: link?.post === true ? 'post' : 'call',
        from: isHost ? null : caller.label,
        request: caller.label,
        linkGate: this.#gate(link?.gate ?? null, caller.name, isLinkOpen),
        base: space.label(callee.base),
        clearance: callee.clearance,
        exportGate: this.#gate(served.gate, callee.name, isExportOpen),
      });
      if (!verdict.allowed) {
        if (isDenialShown && isLinkOpen && isExportOpen)
          this.#deny({ caller, toKind: 'compartment', to: callee.name, linkIndex, served }, verdict);
        continue;
      }
      const instance = this.#instance(callee, verdict.instance, caller, `${linkIndex} ${served.name}`);
      const released = link === null ? null : releaseOf(caller.name, linkGateName(link), caller.label, verdict.request);
      this.#flow(caller, instance, link?.post === true ? 'post' : 'call', released, linkIndex);
      if (link?.post === true) continue;
      const exported = releaseOf(
        callee.name,
        exportGateName(callee.name, served.name ?? ''),
        verdict.instance,
        verdict.reply,
      );
      this.#flow(instance, isHost ? this.#host(verdict.reply) : caller, 'reply', exported, linkIndex);
    }
  }

  /** Rule 5: what is sent must be able to flow to the resource, and back unless the link is a post. */
  #use(caller: LinkedVertex, linkIndex: number, link: LinkPolicy, resource: ResourcePolicy): void {
    if (resource.kind !== 'function') return;
    const { space } = this.#labels;
    const label = space.label(resource.label);
    for (const [isOpen] of openings(link.gate, null)) {
      this.#count();
      const sent = this.#send(caller, link, isOpen);
      const write = decideWrite(space, sent, label);
      const access = write.allowed && !link.post ? decideRead(space, caller.label, label) : write;
      if (!access.allowed) {
        if (isOpen) this.#deny({ caller, toKind: 'resource', to: link.to, linkIndex, served: null }, access);
        continue;
      }
      const vertex = this.#vertex(`resource ${link.to}`, { kind: 'resource', name: link.to, label, compartment: null });
      this.#flow(caller, vertex, 'write', releaseOf(caller.name, linkGateName(link), caller.label, sent), linkIndex);
      if (!link.post) this.#flow(vertex, caller, 'read', null, linkIndex);
    }
  }

  /** The label of a message behind the gate of its link. */
  #send(caller: LinkedVertex, link: LinkPolicy, isOpen: boolean): Label {
    const { space } = this.#labels;
    const anything: Ceiling = { secrecy: caller.label.secrecy, integrity: [] };
    const linkGate = this.#gate(link.gate, caller.name, isOpen);
    const verdict = decideCall(space, {
      kind: 'post',
      from: caller.label,
      request: caller.label,
      linkGate,
      base: space.public,
      clearance: anything,
      exportGate: null,
    });
    return verdict.allowed ? verdict.request : caller.label;
  }

  #deny(
    {
      caller,
      to,
      toKind,
      linkIndex,
      served,
    }: {
      caller: Vertex;
      to: string;
      toKind: 'compartment' | 'resource';
      linkIndex: number | null;
      served: Served | null;
    },
    verdict: Denied,
  ): void {
    const denied = {
      from: caller.name,
      to,
      toKind,
      link: linkIndex,
      label: caller.label,
      export: served?.name ?? null,
      verdict,
    };
    this.#denied.push(denied);
  }

  #gate(policy: GatePolicy | null, holder: string, isOpen: boolean): Gate | null {
    const privileges = this.#privileges.get(holder);
    return policy === null || privileges === undefined ? null : { tags: policy, privileges, isOpen };
  }

  #host(label: Label): LinkedVertex {
    return this.#vertex(`host ${label.id}`, { kind: 'host', name: 'host', label, compartment: null });
  }

  /** A per-call instance sees nothing but its call, so it is told apart by who called. */
  #instance(compartment: CompartmentPolicy, label: Label, caller: Vertex, how: string): LinkedVertex {
    const { name } = compartment;
    const call = compartment.instances === 'per-call' ? ` for ${caller.name} ${caller.label.id} ${how}` : '';
    return this.#vertex(`instance ${name} ${label.id}${call}`, { kind: 'instance', name, label, compartment });
  }

  #vertex(key: string, vertex: Omit<LinkedVertex, 'index'>): LinkedVertex {
    const known = this.#vertices.get(key);
    if (known !== undefined) return known;
    if (this.#vertices.size >= CHECK_LIMITS.maxVertices)
      throw checkLimit(`${CHECK_LIMITS.maxVertices} instances by label`);
    const added = { ...vertex, index: this.#vertices.size };
    this.#vertices.set(key, added);
    if (vertex.kind === 'instance') this.#queue.push(added);
    return added;
  }

  #flow(from: Vertex, to: Vertex, kind: DataFlow['kind'], release: Release | null, link: number | null): void {
    const key = `${from.index} ${to.index} ${kind} ${link} ${release?.gate}`;
    if (this.#flows.has(key)) return;
    if (this.#flows.size >= CHECK_LIMITS.maxFlows) throw checkLimit(`${CHECK_LIMITS.maxFlows} flows`);
    this.#flows.set(key, { from, to, kind, release, link });
  }

  #count(): void {
    if (++this.#decisions > CHECK_LIMITS.maxDecisions)
      throw checkLimit(`${CHECK_LIMITS.maxDecisions} decisions to make`);
  }
}

/** States of the gates' budgets: [link, export]. */
function openings(link: GatePolicy | null, exported: GatePolicy | null): [boolean, boolean][] {
  const states: [boolean, boolean][] = [[true, true]];
  if (isBudgeted(link)) states.push([false, true]);
  if (isBudgeted(exported)) states.push([true, false]);
  if (isBudgeted(link) && isBudgeted(exported)) states.push([false, false]);
  return states;
}

function isBudgeted(gate: GatePolicy | null): boolean {
  return gate !== null && (gate.budget.calls !== null || gate.budget.bytes !== null);
}

function releaseOf(holder: string, gate: string, before: Label, after: Label): Release | null {
  if (before === after) return null;
  return {
    holder,
    gate,
    removed: before.secrecy.filter((tag) => !after.secrecy.includes(tag)),
    added: after.integrity.filter((tag) => !before.integrity.includes(tag)),
  };
}
