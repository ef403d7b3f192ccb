import { afterEach, describe, expect, it, vi } from 'vitest';
import { Found, sequentialSeeds, tryHosts, tryModel } from './noninterference/campaign.ts';
import { drawWorld } from './noninterference/draw.ts';
import { FLAWS, type Flaw, OUT_OF_REACH } from './noninterference/flaws.ts';
import { runModel } from './noninterference/model.ts';
import { printWorld } from './noninterference/print.ts';
import { leakOfFlawed, leakOfHost } from './noninterference/property.ts';
import { RealHosts } from './noninterference/real.ts';
import { shrink } from './noninterference/shrink.ts';
import { sizeOf, type World } from './noninterference/world.ts';

/*
 * Noninterference: two runs that differ only in what an observer may not learn look the same to it. Random policies,
 * random guests, random messages; on a model of the rules in large numbers, and on real hosts, which must do what the model
 * foretold. docs/testing.md says what is compared.
 */

const { NONINTERFERENCE_SEED, NONINTERFERENCE_PAIRS } = process.env;
const seed = Number(NONINTERFERENCE_SEED ?? Date.now() % 2 ** 30);
const pairsOf = (usual: number) => Math.min(usual, Number(NONINTERFERENCE_PAIRS ?? usual));

describe('two runs that differ in what an observer may not learn look the same to it', () => {
  it('in the model', { timeout: 120_000 }, async () => {
    console.log(`NONINTERFERENCE_SEED=${seed}`);
    await tryModel({ seed, pairs: pairsOf(100_000) });
  });

  it('on real hosts, which do what the model foretold', { timeout: 300_000 }, async () => {
    using hosts = await RealHosts.open();
    const pairs = pairsOf(2_000);
    expect(await tryHosts(hosts, { seed, pairs })).toBeGreaterThan(pairs); // they were not blind
  });

  it.each(['worker', 'process'] as const)('in a %s each', { timeout: 120_000 }, async (kind) => {
    using hosts = await RealHosts.open(kind);
    for (const each of sequentialSeeds(seed, pairsOf(kind === 'worker' ? 12 : 6))) {
      await tryHosts(hosts, { seed: each, pairs: 1 });
    }
  });
});

/** Compartments, links, instructions, gates, grants, resources and messages together. */
const SMALL = 12;

/** The first world that shows what a host without a rule lets through, and that can be made small. */
async function smallOneThatShows({ semantics }: Flaw): Promise<World> {
  const shows = (world: World) => leakOfFlawed(world, semantics) !== null;
  for (let i = 0; i < 20_000; i++) {
    const world = drawWorld(i);
    if (!shows(world)) continue;
    const small = await shrink(world, shows);
    if (sizeOf(small) <= SMALL) return small;
  }
  expect.fail('No small world shows it.');
}

const reachable = FLAWS.filter(({ name }) => !(name in OUT_OF_REACH));

/** Real hosts with the same flaw: all modules anew, one of them changed. */
async function brokenHosts({ name, semantics }: Flaw): Promise<RealHosts> {
  vi.resetModules();
  vi.doMock('../src/label/rules.ts', async (original) => ({
    ...(await original<typeof import('../src/label/rules.ts')>()),
    RULES: semantics.rules,
  }));
  const isFor = (flaw: string) => name === `one ${flaw} for all labels`;
  vi.doMock('../src/broker/posts.ts', async (original) => {
    const { Posts } = await original<typeof import('../src/broker/posts.ts')>();
    class SharedPosts extends Posts {
      override hasRoom(to: string, _label: number, limit: number) {
        return super.hasRoom(to, 0, limit);
      }
      override add(post: Parameters<InstanceType<typeof Posts>['add']>[0]) {
        super.add({ ...post, label: 0 });
      }
    }
    return { Posts: isFor('queue') ? SharedPosts : Posts };
  });
  vi.doMock('../src/broker/gates.ts', async (original) => {
    const { GateBudgets } = await original<typeof import('../src/broker/gates.ts')>();
    type Of<M extends 'isOpen' | 'reserve'> = Parameters<InstanceType<typeof GateBudgets>[M]>;
    class SharedBudgets extends GateBudgets {
      override isOpen(...[gate, policy, request, maxBytes]: Of<'isOpen'>) {
        return super.isOpen(gate, policy, { ...request, id: 0 }, maxBytes);
      }
      override reserve(...[gate, policy, request, maxBytes]: Of<'reserve'>) {
        return super.reserve(gate, policy, { ...request, id: 0 }, maxBytes);
      }
    }
    return { GateBudgets: isFor('budget') ? SharedBudgets : GateBudgets };
  });
  vi.doMock('../src/broker/instances.ts', async (original) => {
    const module = await original<typeof import('../src/broker/instances.ts')>();
    class SharedInstances extends module.Instances {
      override find(...[compartment]: Parameters<InstanceType<typeof module.Instances>['find']>) {
        return this.list().find((slot) => slot.compartment === compartment);
      }
    }
    return isFor('instance') ? { ...module, Instances: SharedInstances } : module;
  });
  const { RealHosts: Broken } = await import('./noninterference/real.ts');
  return await Broken.open();
}

describe('a host without one of its rules is found out', () => {
  afterEach(() => {
    for (const file of ['label/rules', 'broker/posts', 'broker/gates', 'broker/instances'])
      vi.doUnmock(`../src/${file}.ts`);
  });

  it.each(reachable)('$name', { timeout: 60_000 }, async (flaw) => {
    const world = await smallOneThatShows(flaw);
    using broken = await brokenHosts(flaw);
    expect(await leakOfHost(world, broken)).not.toBeNull();
    using sound = await RealHosts.open();
    expect(await leakOfHost(world, sound)).toBeNull();
  });

  it('of those that are said to be out of reach each is there, and none shows', async () => {
    const names = FLAWS.map(({ name }) => name);
    expect(Object.keys(OUT_OF_REACH).filter((name) => !names.includes(name))).toEqual([]);
    for (const { semantics } of FLAWS.filter(({ name }) => name in OUT_OF_REACH)) {
      for (let i = 0; i < 1_000; i++) expect(leakOfFlawed(drawWorld(i), semantics)).toBeNull();
    }
  });

  it('and what is found is small, with its manifest, its guests and its seed', async () => {
    const flaw = reachable.find(({ name }) => name === 'flow/reply') as Flaw;
    const world = await smallOneThatShows(flaw);
    const leak = leakOfFlawed(world, flaw.semantics);
    const text = leak === null ? '' : new Found(7, printWorld(world, leak)).message;
    for (const part of ['An observer at', 'compartments:\n', ';; c0.wat', '(func $go', 'NONINTERFERENCE_SEED=7 ']) {
      expect(text).toContain(part);
    }
  });
});

describe('the worlds', () => {
  it('do a bit of everything, so that the property says something', () => {
    const events = Array.from({ length: 3_000 }, (_, i) => runModel(drawWorld(i), 0).events).flat();
    const count = (pattern: RegExp) => events.filter(({ what }) => pattern.test(what)).length;
    const codes = ['FLOW_DENIED', 'GUEST_TRAP', 'LIMIT_FUEL', 'LIMIT_CALL_DEPTH', 'CALL_REENTRANT', 'LIMIT_QUEUE'];
    const grants = ['GRANT_NOT_OWNER', 'GRANT_AMPLIFIES', 'GRANT_UNKNOWN', 'ok'];
    for (const code of [...codes, ...grants, 'accepted', '\\d+']) {
      expect(count(new RegExp(`^\\d+: ${code}$`)), code).toBeGreaterThan(20);
    }
    for (const part of [
      'released to c',
      'released to r',
      'released by c',
      ' put ',
      ' get ',
      'ends as .* in [23] pages',
    ]) {
      expect(count(new RegExp(part)), part).toBeGreaterThan(20);
    }
  });

  it('differ mostly in what there is to hide', () => {
    const differing = Array.from({ length: 1_000 }, (_, i) => drawWorld(i)).filter((world) => {
      const [one, other] = ([0, 1] as const).map((run) => JSON.stringify(runModel(world, run).events));
      return one !== other;
    });
    expect(differing.length).toBeGreaterThan(400);
  });
});
