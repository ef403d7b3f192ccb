import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RULES } from '../../src/label/index.ts';
import { GUARANTEES } from './guarantees.ts';
import { makeSpace } from './universe.ts';
import { hash, run, type World, worlds } from './world.ts';

const space = makeSpace();
const noninterference = GUARANTEES.find(({ name }) => name.startsWith('noninterference'));
const holds = (world: World) => noninterference?.breach(space, world, RULES) === null;

function shut<G extends { readonly budget: number }>(gate: G | null): G | null {
  return gate && { ...gate, budget: 0 };
}

const shutGates = (world: World): World => ({
  ...world,
  compartments: world.compartments.map((compartment) => ({
    ...compartment,
    exportGate: shut(compartment.exportGate),
    links: compartment.links.map((link) => ({ ...link, gate: shut(link.gate) })),
  })),
});

describe('what an observer may not see changes nothing that it sees', () => {
  it('without gates', () => {
    fc.assert(fc.property(worlds({ hasGates: false, isDelegating: false }), holds), { numRuns: 300 });
  });

  it('with every gate shut', () => {
    fc.assert(
      fc.property(worlds({ hasGates: true, isDelegating: false }).map(shutGates), (world) => {
        const { events } = run(space, world, RULES, (_, ...name) => hash(...name));
        return events.every(({ releasedFrom }) => releasedFrom === null) && holds(world);
      }),
      { numRuns: 300 },
    );
  });

  it('before the first use of a gate that tells it', () => {
    fc.assert(fc.property(worlds({ hasGates: true, isDelegating: false }), holds), { numRuns: 300 });
  });

  it('while privileges are granted and delegated', () => {
    fc.assert(fc.property(worlds({ hasGates: true, isDelegating: true }), holds), { numRuns: 300 });
  });
});

describe('the worlds', () => {
  it('do a bit of everything, so that the property above says something', () => {
    const sample = fc.sample(worlds({ hasGates: true, isDelegating: true }), { numRuns: 1000, seed: 7 });
    const traces = sample.map((world) => run(space, world, RULES, (_, ...name) => hash(...name)));
    const calls = traces.flatMap((trace) => trace.calls);
    const events = traces.flatMap((trace) => trace.events);
    const counts = {
      allowed: calls.filter(({ verdict }) => verdict.allowed).length,
      fromGuests: calls.filter(({ flow, verdict }) => flow.from !== null && verdict.allowed).length,
      atLinkGates: calls.filter(({ verdict }) => verdict.allowed && verdict.linkGateUsed).length,
      atExportGates: calls.filter(({ verdict }) => verdict.allowed && verdict.exportGateUsed).length,
      closedGates: calls.filter(
        ({ verdict }) => verdict.closedGates.link.length + verdict.closedGates.export.length > 0,
      ).length,
      written: events.filter(({ what }) => what.startsWith('resource')).length,
      created: events.filter(({ what }) => what.startsWith('object')).length,
      granted: traces.flatMap(({ handed }) => handed).filter(({ by }) => by !== null).length,
      delegated: traces.flatMap(({ handed }) => handed).filter(({ by }) => by === null).length,
    };
    for (const [what, count] of Object.entries(counts)) expect(count, what).toBeGreaterThan(20);
    for (const rule of [1, 2, 3]) {
      expect(
        calls.filter(({ verdict }) => !verdict.allowed && verdict.rule === rule).length,
        `denied by rule ${rule}`,
      ).toBeGreaterThan(20);
    }
  });
});
