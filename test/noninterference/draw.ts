import type { LabelInput } from '../../src/label/index.ts';
import {
  type Action,
  type CompartmentSpec,
  type GateSpec,
  grantsOf,
  type Instruction,
  type LinkSpec,
  type ResourceSpec,
  type Way,
  type World,
} from './world.ts';

/*
 * A world from a seed. By hand and not by an arbitrary of fast-check: a hundred thousand are drawn in a run of the tests,
 * one number brings each of them back, and to make one smaller takes knowing what in it hangs together (see shrink.ts).
 */

/** Mulberry32: whole numbers below a bound, that a seed repeats. */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  below(bound: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % bound;
  }

  /** In `times` of a hundred. */
  isIn(times: number): boolean {
    return this.below(100) < times;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }

  list<T>(least: number, most: number, make: (i: number) => T): T[] {
    return Array.from({ length: least + this.below(most - least + 1) }, (_, i) => make(i));
  }
}

const SECRECY = [
  [],
  [],
  [],
  ['customer:acme'],
  ['customer:acme'],
  ['customer:globex'],
  ['customer:acme', 'customer:globex'],
];
const PRIVILEGES = ['customer:*-', 'customer:*-', 'customer:acme-', 'vetted+'];
const WAYS: readonly Way[] = ['run', 'run', 'ask', 'take', 'take', 'put', 'put', 'get'];

/** A seed's world. Those without reads are most: a guest that waits makes the order of things hard to foretell. */
export function drawWorld(seed: number): World {
  const dice = new Dice(Math.imul(seed, 0x9e3779b1) ^ 0x5eed);
  // A third of the worlds has no gates: there nothing at all may be told.
  const hasGates = dice.isIn(65);
  const hasReads = dice.isIn(25);
  const count = 1 + dice.below(4);
  const resources = dice.list(1, 2, (): ResourceSpec => ({ label: drawLabel(dice), content: drawPair(dice) }));
  const shape = { count, resources: resources.length, hasGates, hasReads };
  const compartments = Array.from({ length: count }, () => drawCompartment(dice, shape));
  const actions = [...revocations(dice, compartments), ...dice.list(2, 6, () => drawAction(dice, count))];
  // Mostly one who may see little: to others there is little to hide.
  const observer = dice.isIn(60) ? { secrecy: [], integrity: dice.isIn(15) ? ['vetted'] : [] } : drawLabel(dice);
  return { observer, callDepth: dice.pick([2, 4, 8]), compartments, resources, actions };
}

/** What a gate needs is granted, or the manifest would be refused; so that it is missing, it is taken back. */
function revocations(dice: Dice, compartments: readonly CompartmentSpec[]): Action[] {
  return compartments.flatMap((spec, to) =>
    grantsOf(spec).flatMap((privilege): Action[] => {
      if (!dice.isIn(35)) return [];
      const revoked: Action = { act: 'revoke', by: 'desk', to, privilege };
      // And now and then somebody tries to give it back who may or may not.
      const giver: Action = dice.isIn(50)
        ? { act: 'grant', by: 'mallory', to, privilege }
        : { act: 'delegate', by: `c${dice.below(compartments.length)}`, to, privilege };
      return dice.isIn(35) ? [revoked, giver] : [revoked];
    }),
  );
}

interface Shape {
  readonly count: number;
  readonly resources: number;
  readonly hasGates: boolean;
  readonly hasReads: boolean;
}

function drawLabel(dice: Dice): Required<LabelInput> {
  return { secrecy: dice.pick(SECRECY), integrity: dice.isIn(20) ? ['vetted'] : [] };
}

/** Small numbers: what a branch makes of them counts, not their range. */
function drawPair(dice: Dice): readonly [number, number] {
  return [dice.below(16), dice.below(16)];
}

function drawGate(dice: Dice, isLink: boolean): GateSpec {
  const endorse = dice.isIn(20) ? ['vetted'] : [];
  const declassify =
    endorse.length > 0 && dice.isIn(50) ? [] : [dice.pick(['customer:*', 'customer:*', 'customer:acme'])];
  return {
    declassify,
    endorse,
    requires: dice.isIn(25) ? ['vetted'] : [],
    calls: dice.isIn(30) ? dice.pick([1, 2]) : null,
    bytes: isLink && dice.isIn(15) ? dice.pick([2, 12, 16]) : null,
  };
}

function drawCompartment(dice: Dice, shape: Shape): CompartmentSpec {
  const base = dice.isIn(60) ? { secrecy: [], integrity: dice.isIn(40) ? ['vetted'] : [] } : drawLabel(dice);
  const ways = shape.hasReads ? WAYS : WAYS.filter((way) => way !== 'get');
  const links = dice.list(0, 4, (): LinkSpec => {
    const way = dice.pick(ways);
    const to = dice.below(way === 'put' || way === 'get' ? shape.resources : shape.count);
    return { way, to, gate: shape.hasGates && dice.isIn(30) ? drawGate(dice, true) : null };
  });
  const hasFuel = dice.isIn(25);
  return {
    base,
    clearance: {
      secrecy: dice.pick([[], ['customer:acme'], ['customer:*'], ['customer:*'], ['customer:*'], ['customer:*']]),
      integrity: [],
    },
    grants: dice.isIn(10) ? [dice.pick(PRIVILEGES)] : [],
    gate: shape.hasGates && dice.isIn(30) ? drawGate(dice, false) : null,
    isPerCall: dice.isIn(20),
    hasFuel,
    queue: dice.pick([1, 1, 2, 8]),
    initial: dice.isIn(50) ? drawPair(dice) : [0, 0],
    links,
    program: dice.list(1, 6, () => drawInstruction(dice, { links: links.length, hasFuel }, 2)),
  };
}

function drawInstruction(
  dice: Dice,
  guest: { readonly links: number; readonly hasFuel: boolean },
  depth: number,
): Instruction {
  const roll = dice.below(20);
  if (guest.links > 0 && roll < 8) return { op: roll < 7 ? 'send' : 'try', link: dice.below(guest.links) };
  if (depth > 0 && roll < 11) {
    const body = dice.list(1, 2, () => drawInstruction(dice, guest, roll === 8 ? 0 : depth - 1));
    return { op: roll === 8 ? 'repeat' : 'if', body };
  }
  if (roll === 11) return { op: dice.isIn(40) ? (guest.hasFuel ? 'spin' : 'trap') : 'mix' };
  if (roll === 12) return { op: 'set', value: dice.below(4) };
  return { op: dice.pick(['add', 'add', 'add', 'mix', 'keep', 'keep', 'recall', 'recall', 'grow', 'size'] as const) };
}

function drawAction(dice: Dice, count: number): Action {
  const to = dice.below(count);
  if (dice.isIn(8)) {
    const act = dice.pick(['grant', 'revoke', 'delegate'] as const);
    const by = act === 'delegate' ? `c${dice.below(count)}` : dice.pick(['desk', 'desk', 'mallory']);
    return { act, by, to, privilege: dice.pick(PRIVILEGES) };
  }
  return {
    act: dice.pick(['run', 'run', 'ask', 'take', 'take'] as const),
    to,
    label: dice.isIn(30) ? { secrecy: ['customer:acme'], integrity: dice.isIn(20) ? ['vetted'] : [] } : drawLabel(dice),
    input: drawPair(dice),
    isDrained: dice.isIn(60),
  };
}
