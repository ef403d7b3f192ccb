import { type Ceiling, ceilingOf, type Label } from '../../src/label/index.ts';
import { Chain, type Edge, Failed, type Model, SPACE } from './model.ts';
import {
  type Action,
  bytesFor,
  type CompartmentSpec,
  HOPS,
  type Instruction,
  MAX_PAGES,
  nameOf,
  numberFrom,
  type Run,
  resourceNameOf,
  valueIn,
} from './world.ts';

/** One instance of a compartment at one label. */
export interface Instance {
  readonly compartment: number;
  readonly label: Label;
  state: number;
  pages: number;
  chain: Chain | null;
}

type Message = Extract<Action, { act: 'run' | 'ask' | 'take' }>;

/** What a guest sends: a number and how many hops are left, as its type carries them. */
interface Sent {
  readonly value: number;
  readonly hops: number;
  /** As budgets count them. */
  readonly bytes: number;
}

/** The guests of a world and its resources, run by the model. */
export class Guests {
  readonly #model: Model;
  readonly #run: Run;
  readonly #instances = new Map<string, Instance>();
  readonly #contents: number[];
  readonly #labels: readonly Label[];
  readonly #entries: readonly Readonly<Record<Message['act'], Edge>>[];
  readonly #links: readonly (readonly Edge[])[];
  readonly #isFused: readonly (readonly boolean[])[];
  readonly #waits: readonly boolean[];

  constructor(model: Model, run: Run) {
    this.#model = model;
    this.#run = run;
    const { world } = model;
    const { compartments, resources, callDepth } = world;
    this.#labels = resources.map(({ label }) => SPACE.label(label));
    this.#contents = resources.map(({ label, content }) => valueIn(world, run, label, content));
    const exportOf = (to: number, way: Message['act'], name: string, linkGate: Edge['linkGate']): Edge => {
      const spec = compartments[to] as CompartmentSpec;
      const exportGate = way === 'run' && spec.gate ? { spec: spec.gate, holder: to } : null;
      const base = SPACE.label(spec.base);
      return { name, isPost: way === 'take', base, clearance: clearanceOf(spec), linkGate, exportGate };
    };
    this.#entries = compartments.map((_, to) => {
      const entry = (way: Message['act']) => exportOf(to, way, `host ${to} ${way}`, null);
      return { run: entry('run'), ask: entry('ask'), take: entry('take') };
    });
    this.#links = compartments.map(({ links }, from) =>
      links.map(({ way, to, gate }, i) => {
        const linkGate = gate && { spec: gate, holder: from };
        if (way === 'run' || way === 'ask' || way === 'take') {
          // A gate is named by who it leads to and the export there.
          return exportOf(to, way, `${from} ${to} ${way}`, linkGate);
        }
        const label = this.#labels[to] as Label;
        const isPost = way === 'put';
        return { name: `${from} ${i}`, isPost, base: label, clearance: ceilingOf(label), linkGate, exportGate: null };
      }),
    );
    this.#isFused = compartments.map(({ links, isPerCall }) =>
      links.map(({ way, to, gate }) => {
        const callee = compartments[to];
        if (callee === undefined || (way !== 'run' && way !== 'ask')) return false;
        const hasGate = gate !== null || (way === 'run' && callee.gate !== null);
        return !isPerCall && !callee.isPerCall && !callee.hasFuel && !hasGate && callDepth >= compartments.length;
      }),
    );
    this.#waits = waitingOf(compartments);
  }

  /** Those that live at the end, in order of their names. */
  live(): readonly Instance[] {
    const key = ({ compartment, label }: Instance) => `${compartment} ${SPACE.format(label)}`;
    return [...this.#instances.values()].sort((one, other) => (key(one) < key(other) ? -1 : 1));
  }

  /** The host sends a message. */
  act(i: number, action: Message): void {
    const model = this.#model;
    const { act, to } = action;
    const label = SPACE.label(action.label);
    const sent = sentOver(act, valueIn(model.world, this.#run, action.label, action.input), HOPS);
    const edge = this.#entries[to]?.[act] as Edge;
    if (act === 'take') {
      const refusal = this.#post(edge, to, label, null, sent);
      model.see(label, `${i}: ${refusal ?? 'accepted'}`);
      return;
    }
    const verdict = model.decide(edge, null, label, sent.bytes);
    if (verdict === null) {
      model.see(label, `${i}: FLOW_DENIED`);
      return;
    }
    try {
      const value = this.#enter(edge, to, null, label, sent, new Chain(), act);
      model.see(verdict.reply, `${i}: ${value}`);
    } catch (error) {
      if (!(error instanceof Failed)) throw error;
      model.see(verdict.reply, `${i}: ${error.code}`);
    }
  }

  /** Why it was refused, which only a host is told. It is decided again when it is delivered. */
  #post(edge: Edge, to: number, label: Label, from: Label | null, sent: Sent): string | null {
    const model = this.#model;
    if (model.decide(edge, from, label, sent.bytes) === null) return 'FLOW_DENIED';
    const limit = model.world.compartments[to]?.queue ?? 0;
    const deliver = () => {
      try {
        this.#enter(edge, to, from, label, sent, new Chain(), 'take');
      } catch (error) {
        if (!(error instanceof Failed)) throw error;
      }
    };
    const isTaken = model.post(nameOf(to), label, limit, this.#waits[to] ?? false, deliver);
    return isTaken ? null : 'LIMIT_QUEUE';
  }

  /** Decides, opens the gates, finds the instance, runs. `from` is the label of a guest that sends. */
  #enter(
    edge: Edge,
    to: number,
    from: Label | null,
    request: Label,
    sent: Sent,
    chain: Chain,
    way: Message['act'],
    isFused = false,
  ): number {
    const model = this.#model;
    const verdict = model.decide(edge, from, request, sent.bytes) ?? chain.fail('FLOW_DENIED');
    if (!isFused && chain.depth >= model.world.callDepth) chain.fail('LIMIT_CALL_DEPTH');
    if (verdict.linkGateUsed) model.use(edge, 'link', request, sent.bytes);
    if (verdict.exportGateUsed) model.use(edge, 'export', request, 0);
    if (verdict.linkGateUsed) {
      // Besides the value: that it comes now, and how many more calls may be nested in it.
      model.see(
        verdict.request,
        `released to ${nameOf(to)}: ${sent.value}, ${sent.hops} hops, ${chain.depth} deep`,
        request,
      );
    }
    const spec = model.world.compartments[to] as CompartmentSpec;
    const instance = this.#instanceAt(to, verdict.instance, spec);
    const told = (outcome: unknown) => {
      if (!verdict.exportGateUsed) return;
      model.see(from ?? verdict.reply, `released by ${nameOf(to)}: ${outcome}`, verdict.instance);
    };
    try {
      if (instance.chain !== null) chain.fail('CALL_REENTRANT');
      instance.chain = chain;
      if (!isFused) chain.depth += 1;
      const value = this.#go(instance, spec, way === 'run' ? sent : sentAgain(sent), chain);
      if (!isFused) chain.depth -= 1;
      instance.chain = null;
      if (spec.isPerCall) this.#discard(instance);
      told(value);
      return value;
    } catch (error) {
      if (!(error instanceof Failed)) throw error;
      if (instance.chain === chain) this.#discard(instance);
      told(error.code);
      throw error;
    }
  }

  #instanceAt(compartment: number, label: Label, spec: CompartmentSpec): Instance {
    const key = this.#keyOf(compartment, label);
    const known = spec.isPerCall ? undefined : this.#instances.get(key);
    if (known) return known;
    const { world } = this.#model;
    const state = valueIn(world, this.#run, spec.base, spec.initial);
    const made = { compartment, label, state, pages: 1, chain: null };
    if (!spec.isPerCall) this.#instances.set(key, made);
    return made;
  }

  #keyOf(compartment: number, label: Label): string {
    return this.#model.semantics.isInstanceShared ? `${compartment}` : `${compartment} ${label.id}`;
  }

  #discard(instance: Instance): void {
    const key = this.#keyOf(instance.compartment, instance.label);
    if (this.#instances.get(key) === instance) this.#instances.delete(key);
  }

  /** Runs an instance's program with an argument; gives acc. */
  #go(self: Instance, { program, links }: CompartmentSpec, { value: n, hops }: Sent, chain: Chain): number {
    let acc = n;
    const send = (link: number): void => {
      const spec = links[link];
      const edge = this.#links[self.compartment]?.[link];
      if (spec === undefined || edge === undefined) return;
      const { way, to } = spec;
      if (way === 'put' || way === 'get') {
        acc = this.#use(self, edge, way, to, acc, chain);
        return;
      }
      if (hops === 0) return;
      const sent = sentOver(way, acc, hops - 1);
      if (way === 'take') {
        this.#post(edge, to, self.label, self.label, sent);
        return;
      }
      const isFused = this.#isFused[self.compartment]?.[link] ?? false;
      acc = this.#enter(edge, to, self.label, self.label, sent, chain, way, isFused);
    };
    const step = (instruction: Instruction): void => {
      switch (instruction.op) {
        case 'set':
          acc = instruction.value;
          break;
        case 'add':
          acc = (acc + n) >>> 0;
          break;
        case 'mix':
          acc = (Math.imul(acc, 5) + 1) >>> 0;
          break;
        case 'keep':
          self.state = acc;
          break;
        case 'recall':
          acc = (acc + self.state) >>> 0;
          break;
        case 'grow':
          self.pages = Math.min(MAX_PAGES, self.pages + (acc & 1));
          break;
        case 'size':
          acc = (acc + self.pages) >>> 0;
          break;
        case 'trap':
          chain.fail('GUEST_TRAP');
          break;
        case 'spin':
          chain.fail('LIMIT_FUEL');
          break;
        case 'if':
          if ((acc & 1) === 1) instruction.body.forEach(step);
          break;
        case 'repeat':
          for (let left = acc & 3; left > 0; left--) instruction.body.forEach(step);
          break;
        default:
          // What fails ends the chain, whether it is caught or not.
          send(instruction.link);
      }
    };
    program.forEach(step);
    return acc;
  }

  /** A resource: gives acc. */
  #use(self: Instance, edge: Edge, way: 'put' | 'get', to: number, acc: number, chain: Chain): number {
    const model = this.#model;
    const bytes = 4;
    const request = self.label;
    // What it is told, or null where it is denied. It is decided when it arrives.
    const deliver = (): number | null => {
      const verdict = model.decide(edge, request, request, bytes);
      if (verdict === null) return null;
      if (verdict.linkGateUsed) {
        model.use(edge, 'link', request, bytes);
        model.see(verdict.request, `released to ${resourceNameOf(to)}: ${acc}`, request);
      }
      const content = this.#contents[to] ?? 0;
      model.see(this.#labels[to] as Label, `${resourceNameOf(to)} ${way} ${acc}`);
      if (way === 'put') this.#contents[to] = acc;
      return (Math.imul(content, 3) + acc) >>> 0;
    };
    if (way === 'get') return deliver() ?? chain.fail('FLOW_DENIED');
    if (model.decide(edge, request, request, bytes) !== null) {
      model.post(resourceNameOf(to), request, RESOURCE_QUEUE, false, () => void deliver());
    }
    return acc;
  }
}

/** Places in the queue of a resource, per label: more than a world can fill. */
const RESOURCE_QUEUE = 1024;

function clearanceOf({ base, clearance }: CompartmentSpec): Ceiling {
  return { secrecy: [...base.secrecy, ...clearance.secrecy], integrity: clearance.integrity };
}

function sentOver(way: Message['act'], value: number, hops: number): Sent {
  return { value, hops, bytes: way === 'run' ? 8 : 12 + bytesFor(value).length };
}

/** What the receiver makes of a list of bytes. */
function sentAgain(sent: Sent): Sent {
  const list = bytesFor(sent.value);
  return { ...sent, value: numberFrom(list.length, list[0] ?? 0) };
}

/** Compartments in which a guest may have to wait for the host: those that read, and those that call them. */
function waitingOf(compartments: readonly CompartmentSpec[]): readonly boolean[] {
  const waits = compartments.map(({ links }) => links.some(({ way }) => way === 'get'));
  for (let isNew = true; isNew; ) {
    isNew = false;
    for (const [i, { links }] of compartments.entries()) {
      if (waits[i] || !links.some(({ way, to }) => (way === 'run' || way === 'ask') && waits[to])) continue;
      waits[i] = true;
      isNew = true;
    }
  }
  return waits;
}
