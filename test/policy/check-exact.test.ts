import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { analyse, check, parseManifest, type Way, why } from '../../src/policy/index.ts';

/*
 * The analysis against a simulation that knows nothing of symbols, graphs or the label room: labels are bit sets over
 * two members of one family, one plain secrecy tag and one integrity tag, and every message at every label is tried
 * until nothing new happens.
 */

/** Secrecy bits: 1 = t:a, 2 = t:b, 4 = k. Integrity bit: 1 = v. */
interface Bits {
  readonly s: number;
  readonly i: number;
}
const SECRECY: Readonly<Record<string, number>> = { 't:a': 1, 't:b': 2, k: 4, 't:*': 3 };
const ALL: readonly Bits[] = Array.from({ length: 16 }, (_, n) => ({ s: n & 7, i: n >> 3 }));
const bitsOf = (secrecy: readonly string[], integrity: readonly string[]): Bits => ({
  s: secrecy.reduce((bits, tag) => bits | (SECRECY[tag] ?? 0), 0),
  i: integrity.length,
});
const flows = (from: Bits, to: Bits) => (from.s & ~to.s) === 0 && (to.i & ~from.i) === 0;

interface GateSpec {
  readonly declassify: readonly string[];
  readonly endorse: readonly string[];
  readonly requires: readonly string[];
  readonly isBudgeted: boolean;
}
interface Spec {
  readonly compartments: readonly {
    readonly base: readonly string[];
    readonly baseIntegrity: readonly string[];
    readonly more: readonly string[];
    readonly floor: boolean;
    readonly gate: GateSpec | null;
  }[];
  readonly links: readonly {
    readonly from: number;
    readonly to: number;
    readonly post: boolean;
    readonly gate: GateSpec | null;
    readonly gated: boolean;
  }[];
  readonly resources: readonly { readonly secrecy: readonly string[]; readonly integrity: readonly string[] }[];
  readonly entries:
    | readonly {
        readonly to: number;
        readonly gated: boolean;
        readonly secrecy: readonly string[];
        readonly integrity: readonly string[];
      }[]
    | null;
  readonly except: readonly number[];
}

const members = (tags: readonly string[]) => fc.subarray([...tags]);
const integrity = fc.subarray(['v']);
const gate = fc.option(
  fc.record({
    declassify: members(['t:*', 't:a', 'k']),
    endorse: integrity,
    requires: integrity,
    isBudgeted: fc.boolean(),
  }),
);
const COUNT = 4;
const spec: fc.Arbitrary<Spec> = fc.record({
  compartments: fc.array(
    fc.record({
      base: fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, members(['t:a', 'k'])),
      baseIntegrity: integrity,
      more: members(['t:*', 't:b', 'k']),
      floor: fc.boolean(),
      gate,
    }),
    { minLength: COUNT, maxLength: COUNT },
  ),
  links: fc.array(
    fc.record({ from: fc.nat(COUNT - 1), to: fc.nat(COUNT + 1), post: fc.boolean(), gate, gated: fc.boolean() }),
    { maxLength: 7 },
  ),
  resources: fc.array(fc.record({ secrecy: members(['t:a', 'k']), integrity }), { minLength: 2, maxLength: 2 }),
  entries: fc.option(
    fc.array(fc.record({ to: fc.nat(COUNT - 1), gated: fc.boolean(), secrecy: members(['t:*', 'k']), integrity }), {
      maxLength: 3,
    }),
  ),
  except: members(['0', '1', '2']).map((list) => list.map(Number)),
});

const gateOf = (given: GateSpec | null) =>
  given === null
    ? {}
    : {
        declassify: given.declassify,
        endorse: given.endorse,
        requires: { integrity: given.requires },
        ...(given.isBudgeted ? { budget: { calls: '1/s' } } : {}),
      };

function manifestOf({ compartments, links, resources, entries, except }: Spec): object {
  const names = resources.map((_, index) => `r${index}`);
  return {
    version: 1,
    principals: { p: {} },
    tags: {
      't:*': { kind: 'secrecy', owner: 'p' },
      k: { kind: 'secrecy', owner: 'p' },
      v: { kind: 'integrity', owner: 'p' },
    },
    compartments: Object.fromEntries(
      compartments.map(({ base, baseIntegrity, more, floor, gate: exported }, index) => [
        `c${index}`,
        {
          wasm: './a.wasm',
          label: { secrecy: base, integrity: baseIntegrity },
          clearance: {
            secrecy: [...new Set([...base, ...more])],
            integrity: floor && baseIntegrity.length > 0 ? ['v'] : [],
          },
          grants: ['t:*-', 'k-', 'v+'],
          gates: exported === null ? {} : { f: gateOf(exported) },
          resources: names,
        },
      ]),
    ),
    links: links.map(({ from, to, post, gate: linked, gated }, index) => {
      const isResource = to >= COUNT;
      const served = isResource ? {} : { export: gated ? 'p:q/i#f' : 'p:q/i#g' };
      return {
        from: `c${from}`,
        import: `p:q/i#f${index}`,
        to: isResource ? `r${to - COUNT}` : `c${to}`,
        post,
        ...served,
        ...gateOf(linked),
      };
    }),
    resources: Object.fromEntries(resources.map((label, index) => [`r${index}`, { function: true, label }])),
    ...(entries === null
      ? {}
      : {
          entries: distinct(entries).map(({ to, gated, ...upTo }) => ({ call: `c${to}.${gated ? 'f' : 'g'}`, upTo })),
        }),
    forbid: names
      .flatMap((name) => [`t:* -> ${name}`, `t:* -> ${name} except ${except.map((index) => `c${index}`).join(', ')}`])
      .filter((rule) => !rule.endsWith(' ')),
  };
}

function distinct(entries: NonNullable<Spec['entries']>): NonNullable<Spec['entries']> {
  return [...new Map(entries.map((entry) => [`${entry.to} ${entry.gated}`, entry])).values()];
}

/** One message that can be sent, with everything that follows from the rules. */
interface Message {
  readonly from: string;
  readonly to: string;
  readonly replyTo: string | null;
  /** Secrecy bits that a gate took off on the way there or back, and who holds that gate. */
  readonly there: number;
  readonly back: number;
  readonly thereBy: number;
  readonly backBy: number;
}

/** Every message of every instance that can exist. Instances are found as messages find them. */
function simulate(given: Spec): Message[] {
  const messages: Message[] = [];
  const seen = new Set<string>();
  const work: { name: number; at: Bits }[] = [];
  const states = (own: GateSpec | null): boolean[] => (own?.isBudgeted === true ? [true, false] : [true]);
  const pass = (own: GateSpec | null, isOpen: boolean, request: Bits, label: Bits): Bits => {
    if (own === null || !isOpen || (bitsOf([], own.requires).i & ~request.i) !== 0) return label;
    const { s, i } = bitsOf(own.declassify, own.endorse);
    return { s: label.s & ~s, i: label.i | i };
  };
  const send = (
    caller: { name: number; at: Bits } | null,
    request: Bits,
    to: number,
    served: GateSpec | null,
    link: { gate: GateSpec | null; post: boolean } | null,
  ) => {
    const callee = given.compartments[to];
    if (callee === undefined) return;
    const base = bitsOf(callee.base, callee.baseIntegrity);
    const most = bitsOf(callee.more, []).s | base.s;
    const least = callee.floor && callee.baseIntegrity.length > 0 ? 1 : 0;
    for (const isLinkOpen of states(link?.gate ?? null)) {
      for (const isExportOpen of states(served)) {
        const sent = pass(link?.gate ?? null, isLinkOpen, request, request);
        const at: Bits = { s: base.s | sent.s, i: base.i & sent.i };
        if ((at.s & ~most) !== 0 || (least & ~at.i) !== 0) continue;
        const reply = pass(served, isExportOpen, sent, at);
        const isPost = link?.post === true;
        if (caller !== null && !isPost && !flows(reply, caller.at)) continue;
        const place = `c${to} ${at.s} ${at.i}`;
        const from =
          caller === null ? `host ${request.s} ${request.i}` : `c${caller.name} ${caller.at.s} ${caller.at.i}`;
        const replyTo = isPost ? null : caller === null ? `host ${reply.s} ${reply.i}` : from;
        messages.push({
          from,
          to: place,
          replyTo,
          there: request.s & ~sent.s,
          back: at.s & ~reply.s,
          thereBy: caller?.name ?? -1,
          backBy: to,
        });
        if (!seen.has(place)) {
          seen.add(place);
          work.push({ name: to, at });
        }
      }
    }
  };
  for (const request of ALL) {
    if (given.entries === null) {
      for (const [to, { gate: own }] of given.compartments.entries())
        for (const served of [null, own]) send(null, request, to, served, null);
    }
    for (const { to, gated, secrecy, integrity: demanded } of given.entries === null ? [] : distinct(given.entries)) {
      const upTo = bitsOf(secrecy, demanded);
      if ((request.s & ~upTo.s) === 0 && (upTo.i & ~request.i) === 0)
        send(null, request, to, gated ? (given.compartments[to]?.gate ?? null) : null, null);
    }
  }
  for (let next = work.pop(); next !== undefined; next = work.pop()) {
    for (const link of given.links.filter(({ from }) => from === next?.name)) {
      const { to, gated, gate: linked, post } = link;
      const resource = given.resources[to - COUNT];
      if (resource === undefined) send(next, next.at, to, gated ? (given.compartments[to]?.gate ?? null) : null, link);
      else {
        const label = bitsOf(resource.secrecy, resource.integrity);
        const from = `c${next.name} ${next.at.s} ${next.at.i}`;
        for (const isOpen of states(linked)) {
          const sent = pass(linked, isOpen, next.at, next.at);
          if (!flows(sent, label) || (!post && !flows(label, next.at))) continue;
          messages.push({
            from,
            to: `r${to - COUNT}`,
            replyTo: post ? null : from,
            there: next.at.s & ~sent.s,
            back: 0,
            thereBy: next.name,
            backBy: -1,
          });
        }
      }
    }
  }
  return messages;
}

/** Does data of this tag get there, when these compartments' gates let none of it out? What is there from the start has not got there. */
function reaches(
  given: Spec,
  messages: readonly Message[],
  tag: number,
  resource: string,
  except: readonly number[],
): boolean {
  const has = new Set<string>();
  for (const { s, i } of ALL) if ((s & tag) !== 0) has.add(`host ${s} ${i}`);
  for (const { to } of messages) {
    const { base } = given.compartments[Number(to[1])] ?? { base: [] };
    if (to.startsWith('c') && (bitsOf(base, []).s & tag) !== 0) has.add(to);
    const { secrecy } = given.resources[Number(to[1])] ?? { secrecy: [] };
    if (to.startsWith('r') && to !== resource && (bitsOf(secrecy, []).s & tag) !== 0) has.add(to);
  }
  for (let before = -1; before !== has.size; ) {
    before = has.size;
    for (const { s, i } of ALL) {
      const isHeld = ALL.some((held) => has.has(`host ${held.s} ${held.i}`) && flows(held, { s, i }));
      if (isHeld) has.add(`host ${s} ${i}`);
    }
    for (const { from, to, replyTo, there, back, thereBy, backBy } of messages) {
      if (has.has(from) && ((there & tag) === 0 || !except.includes(thereBy))) has.add(to);
      if (replyTo !== null && has.has(to) && ((back & tag) === 0 || !except.includes(backBy))) has.add(replyTo);
    }
  }
  return has.has(resource);
}

describe('the analysis', () => {
  it('finds the reach and the forbidden flows that trying everything finds', () => {
    let reached = 0;
    let violated = 0;
    fc.assert(
      fc.property(spec, (given) => {
        const policy = parseManifest(manifestOf(given));
        const analysis = analyse(policy);
        const messages = simulate(given);
        for (const tag of ['t:a', 't:b', 'k']) {
          for (const resource of ['r0', 'r1']) {
            const ways = why(analysis, tag, resource);
            reached += ways.length;
            expect({ tag, resource, isReached: ways.length > 0 }).toEqual({
              tag,
              resource,
              isReached: reaches(given, messages, SECRECY[tag] ?? 0, resource, []),
            });
            for (const way of ways) expect(gatesOf(way)).toEqual([...new Set(gatesOf(way))]);
          }
        }
        const { forbidViolations, ok } = check(policy);
        const broken = policy.forbid.filter(({ resource, except }) => {
          const excepted = except.map((name) => Number(name[1]));
          return [1, 2].some((tag) => reaches(given, messages, tag, resource, excepted));
        });
        violated += broken.length;
        expect(forbidViolations.map(({ rule }) => rule)).toEqual(broken.map(({ text }) => text));
        expect(ok).toBe(broken.length === 0);
      }),
      { numRuns: 1_000 },
    );
    // The property would say nothing if the random policies let nothing through.
    expect(reached).toBeGreaterThan(200);
    expect(violated).toBeGreaterThan(100);
  });
});

/** Where a way loses tags. A gate that only vouches may have to be passed at more than one label. */
function gatesOf(way: Way): string[] {
  return way.flatMap(({ gate: passed, removed }) =>
    passed === null || removed.length === 0 ? [] : [`${passed} ${removed.join()}`],
  );
}
