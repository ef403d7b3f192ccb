import type { Label, LabelSpace, RuleTable } from '../../src/label/index.ts';
import { allLabels, expand, fits, flows, needs, OWNERS, powers, setsOf } from './universe.ts';
import { hash, run, type Trace, type World } from './world.ts';

/** A promise of the model. Returns how a world breaks it, or null; knows nothing of how decisions are made. */
export interface Guarantee {
  readonly name: string;
  readonly breach: (space: LabelSpace, world: World, rules: RuleTable) => string | null;
}

const openly = (_: Label, ...name: unknown[]) => hash(...name, 'one secret');

/**
 * Two runs whose starting data differ only where an observer may not look. The first thing at which the observer could
 * tell them apart must be the use of a gate that releases to it what it could not see before (gradual release: Askarov and
 * Sabelfeld, S&P 2007). Without gates that is noninterference (Goguen and Meseguer, S&P 1982).
 */
const noninterference: Guarantee = {
  name: 'noninterference, up to what gates release',
  breach(space, world, rules) {
    const one = run(space, world, rules, openly).events;
    for (const observer of allLabels(space)) {
      // Grants can be felt by everyone, and rule 8 keeps secrets out of them; it does not keep the unvouched-for out.
      if (world.isDelegating && observer.integrity.length > 0) continue;
      const eye = setsOf(observer);
      const isSeen = (label: Label) => flows(setsOf(label), eye);
      const two = run(space, world, rules, (label, ...name) =>
        hash(...name, isSeen(label) ? 'one secret' : 'another secret'),
      ).events;
      const [left, right] = [one, two].map((events) => events.filter(({ label }) => isSeen(label)));
      if (left === undefined || right === undefined) continue;
      const at = Array.from({ length: Math.max(left.length, right.length) }, (_, i) => i).find(
        (i) => left[i]?.what !== right[i]?.what,
      );
      if (at === undefined) continue;
      const isRelease = [left[at], right[at]].some(
        (event) => event?.releasedFrom != null && !isSeen(event.releasedFrom),
      );
      if (!isRelease) return `${space.format(observer)} can tell "${left[at]?.what}" from "${right[at]?.what}"`;
    }
    return null;
  },
};

const noneAboveClearance = onTrace('no instance above its clearance', ({ calls }) =>
  calls.find(({ flow, verdict }) => verdict.allowed && !fits(setsOf(verdict.instance), flow.clearance)),
);

const noneBelowBase = onTrace('no instance below its base label', ({ calls }) =>
  calls.find(({ flow, verdict }) => verdict.allowed && !flows(setsOf(flow.base), setsOf(verdict.instance))),
);

/** Every use of a gate in a trace, with the label that its conditions are about. */
const uses = ({ calls }: Trace) =>
  calls.flatMap(({ flow, verdict }) => [
    ...(verdict.allowed && verdict.linkGateUsed && flow.linkGate
      ? [{ gate: flow.linkGate, request: flow.request, before: flow.request, after: verdict.request }]
      : []),
    ...(verdict.allowed && verdict.exportGateUsed && flow.exportGate
      ? [{ gate: flow.exportGate, request: verdict.request, before: verdict.instance, after: verdict.reply }]
      : []),
  ]);

const triggeredByTrusted = onTrace('a gate releases only on a request that carries what it requires', (trace) =>
  uses(trace).find(({ gate, request }) => !new Set(gate.tags.requires).isSubsetOf(new Set(request.integrity))),
);

const ownPowerOnly = onTrace('what a gate changes, its holder has the privilege to change', (trace) =>
  uses(trace).find(({ gate, before, after }) => {
    const declassify = before.secrecy.filter((tag) => !after.secrecy.includes(tag));
    const endorse = after.integrity.filter((tag) => !before.integrity.includes(tag));
    return !needs({ declassify, endorse }).isSubsetOf(powers(gate.privileges.list()));
  }),
);

const allOrNothing = onTrace('a gate changes what it names, and nothing else', (trace) =>
  uses(trace).find(({ gate, before, after }) => {
    const named = expand(gate.tags.declassify);
    const kept = new Set(before.secrecy).difference(named);
    const vouched = new Set([...before.integrity, ...gate.tags.endorse]);
    return (
      kept.symmetricDifference(new Set(after.secrecy)).size +
        vouched.symmetricDifference(new Set(after.integrity)).size >
      0
    );
  }),
);

const ownAccount = onTrace("a guest draws on a gate's budget for its own label only", ({ calls }) =>
  calls.find(
    ({ flow, verdict }) =>
      verdict.allowed &&
      flow.from !== null &&
      flow.request !== flow.from &&
      (verdict.linkGateUsed || verdict.exportGateUsed),
  ),
);

const withinBudget = onTrace('a gate without budget releases nothing', (trace) =>
  uses(trace).find(({ gate }) => !gate.isOpen),
);

const ownersGrant = onTrace('only the owner of a tag grants its privileges', ({ handed }) =>
  handed.find(
    ({ by, privilege }) => by !== null && by !== (OWNERS[privilege.tag] ?? OWNERS[privilege.tag.replace(/:.*/, ':*')]),
  ),
);

const neverMore = onTrace('nobody hands on more than it holds', ({ handed }) =>
  handed.find(({ by, privilege, held }) => by === null && !powers([privilege]).isSubsetOf(powers(held))),
);

/** The cheap ones first. */
export const GUARANTEES: readonly Guarantee[] = [
  noneAboveClearance,
  noneBelowBase,
  triggeredByTrusted,
  ownPowerOnly,
  allOrNothing,
  withinBudget,
  ownAccount,
  ownersGrant,
  neverMore,
  noninterference,
];

function onTrace(name: string, findBreach: (trace: Trace) => unknown): Guarantee {
  return {
    name,
    breach(space, world, rules) {
      const found = findBreach(run(space, world, rules, openly));
      return found === undefined ? null : JSON.stringify(found);
    },
  };
}
