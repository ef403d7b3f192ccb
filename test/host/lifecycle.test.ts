import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { type Host, queryEvents, type Watched } from '../../src/index.ts';
import { assemble, codeOf, makeFolder, makeHost } from '../arena.ts';
import { acme, alone, counter, globex, pair, told } from './lifecycle-guests.ts';

/** Takes its time for each. */
const keepIn = (got: unknown[]) => ({
  sink: async (n: unknown) => {
    await turn();
    got.push(n);
  },
});
const count = async (host: Host, options = acme) => (await host.call('counter.count', [], options)).value;

describe('a suspended compartment', () => {
  it('lets calls of the host and posts wait, and loses none', async () => {
    const host = await makeHost(alone({ limits: { queue: 20 } }));
    host.suspend('counter');
    const calls = [count(host), count(host)];
    for (let i = 0; i < 20; i++) await host.post('counter.count', [], globex);
    expect(await codeOf(() => host.post('counter.count', [], globex))).toBe('LIMIT_QUEUE');
    for (let i = 0; i < 5; i++) await turn();
    expect(host.compartments()[0]).toMatchObject({ state: 'suspended', instances: [] });
    host.resume('counter');
    expect(await Promise.all(calls)).toEqual([1, 2]);
    await host.drained();
    expect(await count(host, globex)).toBe(21);
  });

  it('refuses calls of guests, and with busy: refuse those of the host', async () => {
    const host = await makeHost(pair({ busy: 'refuse' }));
    expect((await host.call('caller.ask', [], acme)).value).toBe(1);
    host.suspend('counter');
    expect(await codeOf(() => host.call('caller.ask', [], acme))).toBe('COMPARTMENT_SUSPENDED');
    expect(await codeOf(() => count(host))).toBe('COMPARTMENT_SUSPENDED');
    expect(await codeOf(() => host.prepare('counter.count', acme).call())).toBe('COMPARTMENT_SUSPENDED');
    host.resume('counter');
    expect(await count(host)).toBe(2); // suspending cost the instance nothing
    expect((await host.call('caller.ask', [], acme)).value).toBe(3);
  });

  it('lets no more wait than the limit: exactly as many, per label', async () => {
    const host = await makeHost({ ...alone(), limits: { waiting: 2 } });
    host.suspend('counter');
    const waiting = [count(host), count(host), count(host, globex)];
    expect(await codeOf(() => count(host))).toBe('LIMIT_WAITING');
    host.resume('counter');
    expect(await Promise.all(waiting)).toEqual([1, 2, 1]);
  });

  it('is left by a call that its caller aborts', async () => {
    const host = await makeHost(alone());
    host.suspend('counter');
    const abort = new AbortController();
    const call = codeOf(() => host.call('counter.count', [], { ...acme, signal: abort.signal }));
    await turn();
    abort.abort();
    expect(await call).toBe('CALL_ABORTED');
    expect(await codeOf(() => host.call('counter.count', [], { ...acme, signal: AbortSignal.abort() }))).toBe(
      'CALL_ABORTED',
    );
  });

  it('stays so with new code, and gives it what waited', async () => {
    const host = await makeHost(alone());
    host.suspend('counter');
    const version = host.call('counter.version', [], acme);
    const file = join(makeFolder(), 'new.wasm');
    writeFileSync(file, assemble(counter(2).wat));
    await host.replace('counter', { wasm: file });
    expect(host.compartments()[0]?.state).toBe('suspended');
    host.resume('counter');
    expect((await version).value).toBe(2);
  });

  it('does not keep its host open', async () => {
    const host = await makeHost(alone());
    const undelivered: string[] = [];
    host.on('undelivered', ({ error }) => undelivered.push(error.code));
    host.suspend('counter');
    const call = codeOf(() => count(host));
    await host.post('counter.count', [], acme);
    await turn();
    const startMs = performance.now();
    await host.close();
    expect(performance.now() - startMs).toBeLessThan(2_000);
    expect([await call, undelivered]).toEqual(['HOST_CLOSED', ['HOST_CLOSED']]);
  });
});

describe('a stopped compartment', () => {
  it('has delivered what was accepted, and takes nothing more', async () => {
    const got: unknown[] = [];
    const host = await makeHost(told(), {
      resources: {
        sink: async (n: unknown) => {
          await turn();
          got.push(n);
        },
      },
    });
    for (let i = 0; i < 30; i++) await host.post('teller.pass', [i], acme);
    const stopped = host.stop('teller');
    expect(await codeOf(() => host.post('teller.pass', [99], acme))).toBe('COMPARTMENT_STOPPED');
    expect(await codeOf(() => host.call('teller.pass', [99], acme))).toBe('COMPARTMENT_STOPPED');
    await stopped;
    expect(got).toEqual(Array.from({ length: 30 }, (_, i) => i));
    expect(host.compartments()[0]).toMatchObject({ state: 'stopped', instances: [] });
    expect(await codeOf(() => host.call('teller.pass', [99], acme))).toBe('COMPARTMENT_STOPPED');
    host.resume('teller');
    await host.call('teller.pass', [30], acme);
    expect(got.at(-1)).toBe(30);
  });

  it('ends what does not end by itself, when the grace is over', async () => {
    const host = await makeHost(told(), { resources: { sink: () => new Promise(() => undefined) } });
    const call = codeOf(() => host.call('teller.pass', [1], acme));
    await turn();
    await host.stop('teller', { graceMs: 30 });
    expect(host.compartments()[0]).toMatchObject({ state: 'stopped', instances: [] });
    expect(await call).toBe('COMPARTMENT_STOPPED');
  });

  it('runs nothing of what waited while it was suspended', async () => {
    const host = await makeHost(alone());
    host.suspend('counter');
    const call = codeOf(() => count(host));
    await host.post('counter.count', [], acme);
    await host.stop('counter');
    expect(await call).toBe('COMPARTMENT_STOPPED');
    await host.drained();
    await host.replace('counter');
    expect(await count(host)).toBe(1);
  });

  it('is gone when it is unloaded, and new when it is loaded again', async () => {
    const host = await makeHost(alone());
    await host.stop('counter');
    const entry = { ...(host.policy.tree as { compartments: { counter: object } }).compartments.counter };
    await host.unload('counter');
    await host.load('counter', entry);
    expect(await count(host)).toBe(1);
  });
});

describe('replace', () => {
  it('loses none of a thousand posts, and delivers none twice', async () => {
    const got: unknown[] = [];
    const host = await makeHost(told({ limits: { queue: 1_000 } }), {
      resources: keepIn(got),
    });
    for (let i = 0; i < 500; i++) await host.post('teller.pass', [i], acme);
    const replaced = host.replace('teller', { busy: 'refuse' });
    for (let i = 500; i < 1_000; i++) await host.post('teller.pass', [i], acme);
    await replaced;
    await host.drained();
    expect(got).toHaveLength(1_000);
    expect(new Set(got).size).toBe(1_000);
  });
});

describe('watch', () => {
  const shown = ({ compartment, instance, label, from, to, why }: Watched) =>
    `${compartment} ${instance === null ? '' : 'instance '}${label ? label.secrecy.join() : ''} ${from} > ${to}: ${why}`;

  it('tells every transition, in order, until the host closes', async () => {
    const host = await makeHost(alone({ restart: 'fail' }));
    const transitions = host.watch();
    await count(host);
    await codeOf(() => host.call('counter.fail', [], acme));
    host.suspend('counter');
    host.resume('counter');
    await host.stop('counter');
    await host.replace('counter');
    await host.close();
    const all: string[] = [];
    for await (const transition of transitions) all.push(shown(transition));
    expect(all).toEqual([
      'counter  loaded > running: first instance',
      'counter instance customer:acme loaded > running: started',
      'counter instance customer:acme running > poisoned: GUEST_TRAP',
      'counter customer:acme running > poisoned: GUEST_TRAP',
      'counter instance customer:acme poisoned > stopped: failed',
      'counter  running > loaded: no instance is left',
      'counter  loaded > suspended: suspended',
      'counter  suspended > loaded: resumed',
      'counter  loaded > stopped: stopped',
      'counter  stopped > loaded: replaced',
    ]);
  });

  it('keeps no more than 1,024, and says how many a slow watcher lost', async () => {
    const host = await makeHost(alone());
    const transitions = host.watch();
    for (let i = 0; i < 700; i++) {
      host.suspend('counter');
      host.resume('counter');
    }
    const first = await transitions.next();
    expect(first.value).toMatchObject({ lost: 1_400 - 1_024, to: 'suspended' });
    expect((await transitions.next()).value).toMatchObject({ lost: 0 });
    await transitions.return?.();
    expect(await transitions.next()).toEqual({ done: true, value: undefined });
  });

  it('answers those that ask at the same time one by one', async () => {
    const host = await makeHost(alone());
    const transitions = host.watch();
    const both = Promise.all([transitions.next(), transitions.next()]);
    host.suspend('counter');
    host.resume('counter');
    expect((await both).map(({ value }) => value?.to)).toEqual(['suspended', 'loaded']);
  });
});

describe('the journal', () => {
  it('has each act before its effect, and none that changes nothing', async () => {
    const path = join(makeFolder(), 'audit.db');
    const host = await makeHost({ ...alone(), audit: { path } });
    host.resume('counter');
    host.suspend('counter');
    host.suspend('counter');
    host.resume('counter');
    await host.stop('counter');
    await host.stop('counter');
    await host.close();
    const acts = [...queryEvents(path, { kinds: ['operate'] })];
    expect(acts.map((event) => (event.kind === 'operate' ? [event.act, event.compartment, event.by] : []))).toEqual([
      ['suspend', 'counter', 'program'],
      ['resume', 'counter', 'program'],
      ['stop', 'counter', 'program'],
    ]);
  });

  it('knows no compartment that is not there', async () => {
    const host = await makeHost(alone());
    for (const act of [() => host.suspend('nobody'), () => host.resume('nobody'), () => host.stop('nobody')]) {
      expect(await codeOf(act)).toBe('TARGET_UNKNOWN');
    }
  });
});
