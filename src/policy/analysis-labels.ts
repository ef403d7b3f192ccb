import { CofferdamError } from '../error.ts';
import { familyOf, isCoveredBy, type Label, LabelSpace } from '../label/index.ts';
import type { GatePolicy, Policy } from './policy.ts';

/** What `check` enumerates at most: a fraction of a second, and more than a person reviews. */
export const CHECK_LIMITS = Object.freeze({
  /** Labels that host code may use. 4,096 are 12 tags in all combinations. */
  maxLabels: 4_096,
  /** Instances by label, with what calls them. */
  maxVertices: 20_000,
  /** Ways that data can take from one of them to the next. */
  maxFlows: 200_000,
  /** Questions put to the rules. */
  maxDecisions: 400_000,
  /** Flows followed to answer all questions of one report. */
  maxSteps: 20_000_000,
});

export function checkLimit(what: string): CofferdamError<'CHECK_LIMIT'> {
  const message = `The policy has more than ${what} — list \`entries\` with \`upTo\`, or name fewer tags in base labels, resources and gates.`;
  return new CofferdamError('CHECK_LIMIT', message);
}

/**
 * The labels that have to be looked at to know all flows of a policy, though its families have members without number.
 *
 * - A member that the manifest names nowhere behaves like any other such member, so one stands for all: the symbolic one.
 * - A secrecy tag helps a flow only where something already carries it: a base label or a resource. All other tags only
 *   forbid, each by itself, since every rule asks for each tag alone. So they need not be combined with one another.
 * - An integrity tag helps only where it is demanded, and hinders only where a gate adds it.
 */
export class CheckLabels {
  readonly space: LabelSpace;
  /** Every label that host code may put on a message. */
  readonly labels: readonly Label[];
  /** Secrecy tags, the symbolic members among them. */
  readonly secrecyTags: readonly string[];
  readonly #familyOfSymbol: ReadonlyMap<string, string>;

  constructor(policy: Policy) {
    this.space = new LabelSpace(policy.tags.values());
    const mentioned = new Set(mentionedTags(policy));
    const secrecy = new Set<string>();
    const symbols = new Map<string, string>();
    for (const { name, kind, isFamily } of policy.tags.values()) {
      if (kind !== 'secrecy') continue;
      if (isFamily) symbols.set(freshMember(name, mentioned), name);
      else secrecy.add(name);
      for (const tag of mentioned) if (familyOf(tag) === name) secrecy.add(tag);
    }
    this.#familyOfSymbol = symbols;
    this.secrecyTags = [...secrecy, ...symbols.keys()].sort();
    this.labels = this.#enumerate(anchoredTags(policy), neededIntegrity(policy));
  }

  /** The symbolic member that stands for a tag which the manifest does not name, or the tag itself. */
  stand(tag: string): string {
    if (this.secrecyTags.includes(tag)) return tag;
    for (const [symbol, family] of this.#familyOfSymbol) if (isCoveredBy(tag, family)) return symbol;
    return tag;
  }

  /** The member that a family's other members are represented by. */
  symbolOf(family: string): string {
    return [...this.#familyOfSymbol].find(([, own]) => own === family)?.[0] ?? family;
  }

  /** The tags that a tag or family of the manifest stands for. */
  members(pattern: string): readonly string[] {
    return this.secrecyTags.filter((tag) => isCoveredBy(tag, pattern));
  }

  /** `customer:*` for its symbolic member. */
  show(tag: string): string {
    return this.#familyOfSymbol.get(tag) ?? tag;
  }

  /** The same in a sentence. Symbols are longer than any tag that could contain them. */
  showIn(text: string): string {
    let shown = text;
    for (const [symbol, family] of this.#familyOfSymbol) shown = shown.replaceAll(symbol, family);
    return shown;
  }

  #enumerate(anchored: ReadonlySet<string>, integrity: ReadonlySet<string>): Label[] {
    const others = this.secrecyTags.filter((tag) => !anchored.has(tag));
    const count = 2 ** (anchored.size + integrity.size) * (1 + others.length);
    if (count > CHECK_LIMITS.maxLabels) throw checkLimit(`${CHECK_LIMITS.maxLabels} labels to look at`);
    const sets: string[][] = subsets([...anchored]).flatMap((set) => [set, ...others.map((tag) => [...set, tag])]);
    const floors = subsets([...integrity]);
    return sets.flatMap((secrecy) => floors.map((floor) => this.space.label({ secrecy, integrity: floor })));
  }
}

/** A member that no manifest names: not one of these, and not the beginning of one. */
function freshMember(family: string, mentioned: ReadonlySet<string>): string {
  for (let count = 0; ; count++) {
    const symbol = `${family.slice(0, -1)}any.member.${count}`;
    if (![...mentioned].some((tag) => tag.includes(symbol))) return symbol;
  }
}

function subsets(tags: readonly string[]): string[][] {
  return tags.reduce<string[][]>((sets, tag) => sets.flatMap((set) => [set, [...set, tag]]), [[]]);
}

/** Secrecy tags that something carries whatever is asked of it. */
function anchoredTags(policy: Policy): ReadonlySet<string> {
  const bases = [...policy.compartments.values()].flatMap(({ base }) => base.secrecy ?? []);
  const labels = [...policy.resources.values()].flatMap((resource) =>
    resource.kind === 'function' ? (resource.label.secrecy ?? []) : [],
  );
  return new Set([...bases, ...labels]);
}

/** Integrity tags that something demands or that a gate adds. */
function neededIntegrity(policy: Policy): ReadonlySet<string> {
  const floors = [...policy.compartments.values()].flatMap(({ clearance }) => clearance.integrity);
  const ceilings = (policy.entries ?? []).flatMap(({ upTo }) => upTo?.integrity ?? []);
  const labels = [...policy.resources.values()].flatMap(({ label }) => label.integrity ?? []);
  const gates = allGates(policy).flatMap(({ requires, endorse }) => [...requires, ...endorse]);
  return new Set([...floors, ...ceilings, ...labels.filter((tag) => !tag.includes('{')), ...gates]);
}

function allGates(policy: Policy): readonly GatePolicy[] {
  const ofExports = [...policy.compartments.values()].flatMap(({ gates }) => [...gates.values()]);
  return [...ofExports, ...policy.links.flatMap(({ gate }) => gate ?? [])];
}

/** Every tag and family that the policy names. */
function mentionedTags(policy: Policy): readonly string[] {
  const compartments = [...policy.compartments.values()].flatMap(({ base, clearance, grants }) => [
    ...(base.secrecy ?? []),
    ...clearance.secrecy,
    ...grants.map(({ tag }) => tag),
  ]);
  const resources = [...policy.resources.values()]
    .flatMap(({ label }) => label.secrecy ?? [])
    .filter((tag) => !tag.includes('{'));
  return [
    ...compartments,
    ...resources,
    ...allGates(policy).flatMap(({ declassify }) => declassify),
    ...(policy.entries ?? []).flatMap(({ upTo }) => upTo?.secrecy ?? []),
    ...policy.forbid.map(({ tag }) => tag),
    ...(policy.defaultLabel?.secrecy ?? []),
  ];
}
