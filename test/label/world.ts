import fc from 'fast-check';
import {
  type AllowedCall,
  type Ceiling,
  canChangeGrants,
  type Denied,
  decideCall,
  decideCreate,
  decideDelegate,
  decideGrant,
  decideRead,
  decideWrite,
  type Flow,
  type Gate,
  type GateTags,
  type Label,
  type LabelInput,
  type LabelSpace,
  type Privilege,
  Privileges,
  type RuleTable,
} from '../../src/label/index.ts';
import { ceilings, gateTags, labelInputs, OWNERS, privilege, privilegeLists } from './universe.ts';

/*
 * An executable model of the label rules: random compartments run random programs, and every crossing asks the real
 * decision functions. What a program does depends on all it has seen, so whatever reaches it that should not changes
 * what can be seen of it.
 */

interface GateSpec extends GateTags {
  /** Uses per request label. */
  readonly budget: number;
}

interface Compartment {
  readonly base: LabelInput;
  /** Raised to admit the base label, as a manifest's must. */
  readonly clearance: Ceiling;
  readonly grants: readonly Privilege[];
  readonly exportGate: GateSpec | null;
  readonly links: readonly { readonly to: number; readonly gate: GateSpec | null }[];
  readonly program: number;
}

type Input =
  | { readonly act: 'call' | 'post'; readonly id: number; readonly to: number; readonly label: LabelInput }
  | { readonly act: 'grant'; readonly by: string; readonly to: number; readonly privilege: Privilege };

export interface World {
  readonly compartments: readonly Compartment[];
  readonly resources: readonly LabelInput[];
  readonly inputs: readonly Input[];
  /** Do programs delegate what they hold? */
  readonly isDelegating: boolean;
}

/** Something that happened, visible to whoever its label can flow to. */
export interface Event {
  readonly label: Label;
  readonly what: string;
  /** For the use of a gate: the label before. The event itself carries the label after. */
  readonly releasedFrom: Label | null;
}

export interface Trace {
  readonly events: readonly Event[];
  readonly calls: readonly { readonly flow: Flow; readonly verdict: AllowedCall | Denied }[];
  /** Every privilege handed on: what its giver held, and for a grant who gave it. */
  readonly handed: readonly {
    readonly privilege: Privilege;
    readonly held: readonly Privilege[];
    readonly by: string | null;
  }[];
}

const index = fc.nat({ max: 3 });
const gateSpec: fc.Arbitrary<GateSpec> = fc
  .tuple(gateTags, fc.constantFrom(0, 1, 2, 100))
  .map(([tags, budget]) => ({ ...tags, budget }));

export function worlds({ hasGates, isDelegating }: { hasGates: boolean; isDelegating: boolean }): fc.Arbitrary<World> {
  const gate = hasGates ? fc.option(gateSpec) : fc.constant(null);
  const program = fc.nat();
  const links = fc.array(fc.record({ to: index, gate }), { minLength: 1, maxLength: 3 });
  const compartment = fc.record({
    base: labelInputs,
    clearance: ceilings,
    grants: privilegeLists,
    exportGate: gate,
    links,
    program,
  });
  const message = fc.record({
    act: fc.constantFrom('call' as const, 'post' as const),
    id: fc.nat(),
    to: index,
    label: labelInputs,
  });
  const grant = fc.record({
    act: fc.constant('grant' as const),
    by: fc.constantFrom('desk', 'chair'),
    to: index,
    privilege,
  });
  return fc.record({
    compartments: fc.array(compartment, { minLength: 4, maxLength: 4 }),
    resources: fc.array(labelInputs, { minLength: 3, maxLength: 3 }),
    inputs: fc.array(isDelegating ? fc.oneof({ weight: 3, arbitrary: message }, grant) : message, {
      minLength: 1,
      maxLength: 6,
    }),
    isDelegating: fc.constant(isDelegating),
  });
}

interface Instance {
  readonly id: string;
  readonly to: number;
  readonly label: Label;
  state: number;
}

const MAX_DEPTH = 3;
/** Per label: one queue for everybody would be a channel. */
const MAX_POSTS_PER_LABEL = 8;

/** `dataOf` gives the data that is in place at the start: of an input, a resource, a compartment's base. */
export function run(
  space: LabelSpace,
  world: World,
  rules: RuleTable,
  dataOf: (label: Label, ...name: unknown[]) => number,
): Trace {
  const { compartments } = world;
  const bases = compartments.map(({ base }) => space.label(base));
  const clearances = compartments.map(({ clearance }, i): Ceiling => {
    const base = bases[i] as Label;
    return {
      secrecy: [...base.secrecy, ...clearance.secrecy],
      integrity: clearance.integrity.filter((tag) => base.integrity.includes(tag)),
    };
  });
  const holdings = compartments.map(({ grants }) => new Privileges(grants));
  const resources = world.resources.map((input, r) => {
    const label = space.label(input);
    return { label, content: dataOf(label, 'resource', r), names: dataOf(label, 'names', r) };
  });
  const instances = new Map<string, Instance>();
  const queue: [Instance, number][] = [];
  const events: Event[] = [];
  const calls: { flow: Flow; verdict: AllowedCall | Denied }[] = [];
  const handed: { privilege: Privilege; held: readonly Privilege[]; by: string | null }[] = [];
  const gateUses = new Map<string, number>();
  const posts = new Map<Label, number>();
  const see = (label: Label, what: string, releasedFrom: Label | null = null) =>
    events.push({ label, what, releasedFrom });

  function instanceAt(to: number, label: Label): Instance {
    const id = `${to}@${space.format(label)}`;
    const known = instances.get(id);
    if (known !== undefined) return known;
    const base = bases[to] as Label;
    const made = { id, to, label, state: dataOf(base, 'base', to) };
    instances.set(id, made);
    return made;
  }

  function gateOf(spec: GateSpec | null, key: string, holder: number | null): Gate | null {
    if (spec === null) return null;
    const privileges = holder === null ? new Privileges() : (holdings[holder] as Privileges);
    return { tags: spec, privileges, isOpen: (gateUses.get(key) ?? 0) < spec.budget };
  }

  /** One crossing, to its end; returns what the sender is told. `from` null is the host. */
  function send(
    kind: 'call' | 'post',
    from: Instance | null,
    sent: Label,
    step: { to: number; gate: GateSpec | null; link: string },
    argument: number,
    depth: number,
  ): unknown {
    const { to } = step;
    const linkKey = `link ${step.link} ${space.format(sent)}`;
    const exportKey = `export ${to} ${space.format(sent)}`;
    const flow: Flow = {
      kind,
      from: from?.label ?? null,
      request: sent,
      linkGate: gateOf(step.gate, linkKey, from?.to ?? null),
      base: bases[to] as Label,
      clearance: clearances[to] as Ceiling,
      exportGate: gateOf(compartments[to]?.exportGate ?? null, exportKey, to),
    };
    const verdict = decideCall(space, flow, rules);
    calls.push({ flow, verdict });
    if (!verdict.allowed) return kind === 'post' ? 'accepted' : 'denied';
    if (verdict.linkGateUsed) {
      gateUses.set(linkKey, (gateUses.get(linkKey) ?? 0) + 1);
      see(verdict.request, `released to ${to}: ${argument}`, sent);
    }
    if (verdict.exportGateUsed) gateUses.set(exportKey, (gateUses.get(exportKey) ?? 0) + 1);
    const callee = instanceAt(to, verdict.instance);
    if (kind === 'post') {
      queue.push([callee, argument]);
      return 'accepted';
    }
    const reply = execute(callee, argument, depth + 1);
    if (verdict.exportGateUsed) see(from?.label ?? verdict.reply, `released by ${to}: ${reply}`, verdict.instance);
    return reply;
  }

  /** Runs one export of an instance; a trap is a reply without detail. */
  function execute(self: Instance, argument: number, depth: number): number | 'failed' {
    self.state = hash(self.state, argument, compartments[self.to]?.program);
    see(self.label, `${self.id} got ${argument}, is ${self.state}`);
    for (let step = 0, steps = 1 + (self.state % 4); step < steps; step++) {
      const saw = act(self, hash(self.state, step), depth);
      if (saw === TRAP) {
        self.state = 0;
        return 'failed';
      }
      self.state = hash(self.state, saw);
    }
    return self.state;
  }

  function act(self: Instance, choice: number, depth: number): unknown {
    const links = compartments[self.to]?.links ?? [];
    const which = hash(choice, 'which');
    const link = links[which % links.length];
    const resource = resources[which % resources.length];
    const other = resources[hash(which) % resources.length];
    if (link === undefined || resource === undefined || other === undefined) return null;
    switch (choice % 10) {
      case 0:
      case 1:
      case 2:
      case 3: {
        if (depth >= MAX_DEPTH) return 'too deep';
        // Now and then a guest claims a label that isn't its own.
        const claimed =
          which % 5 === 0 ? space.join(resource.label, which % 2 === 0 ? self.label : resource.label) : self.label;
        const step = { ...link, link: `${self.to} ${links.indexOf(link)}` };
        return send(choice % 10 === 3 ? 'post' : 'call', self, claimed, step, hash(choice, 'argument'), depth);
      }
      case 4:
        return decideRead(space, self.label, resource.label, rules).allowed ? resource.content : 'denied';
      case 5:
        return decideRead(space, self.label, resource.label, rules).allowed ? resource.names : 'denied';
      case 6:
        if (!decideWrite(space, self.label, resource.label, rules).allowed) return 'denied';
        resource.content = hash(choice, 'written');
        see(resource.label, `resource ${which % resources.length} is ${resource.content}`);
        return 'written';
      case 7:
        if (!decideCreate(space, self.label, other.label, resource.label, rules).allowed) return 'denied';
        resource.names = hash(resource.names, choice);
        see(resource.label, `resource ${which % resources.length} holds ${resource.names}`);
        other.content = hash(choice, 'created');
        see(other.label, `object in ${which % resources.length} is ${other.content}`);
        return 'created';
      case 8:
        return world.isDelegating ? delegate(self, link.to, which) : null;
      default:
        return which % 5 === 0 ? TRAP : null;
    }
  }

  function delegate(self: Instance, to: number, which: number): string {
    const holder = holdings[self.to] as Privileges;
    const wanted = PRIVILEGES[which % PRIVILEGES.length] as Privilege;
    if (!canChangeGrants(self.label, rules) || !decideDelegate({ holder, privilege: wanted }, rules).allowed)
      return 'denied';
    hand(to, wanted, holder.list(), null);
    return 'delegated';
  }

  function hand(to: number, given: Privilege, held: readonly Privilege[], by: string | null): void {
    handed.push({ privilege: given, held, by });
    holdings[to] = (holdings[to] as Privileges).with(given);
    see(space.public, `${to} was given ${given.tag} ${given.right}`);
  }

  for (const input of world.inputs) {
    if (input.act === 'grant') {
      const { privilege: given, by, to } = input;
      const tagOwner = OWNERS[given.tag] ?? OWNERS[given.tag.replace(/:.*/, ':*')];
      if (decideGrant({ tagOwner, by, privilege: given }, rules).allowed) hand(to, given, [], by);
      continue;
    }
    const label = space.label(input.label);
    send(input.act, null, label, { to: input.to, gate: null, link: 'host' }, dataOf(label, 'input', input.id), 0);
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const [callee, argument] = next;
      const count = (posts.get(callee.label) ?? 0) + 1;
      posts.set(callee.label, count);
      if (count <= MAX_POSTS_PER_LABEL) execute(callee, argument, 0);
    }
  }
  return { events, calls, handed };
}

const TRAP = Symbol('trap');

const PRIVILEGES: readonly Privilege[] = [
  { tag: 'customer:*', right: 'declassify' },
  { tag: 'customer:acme', right: 'declassify' },
  { tag: 'board', right: 'declassify' },
  { tag: 'vetted', right: 'endorse' },
];

/** FNV-1a over the text of the values: whatever differs, differs from here on. */
export function hash(...values: unknown[]): number {
  let sum = 0x811c9dc5;
  for (const character of values.join('\u0000')) sum = Math.imul(sum ^ character.charCodeAt(0), 0x01000193) >>> 0;
  return (sum ^ (sum >>> 15)) >>> 0;
}
