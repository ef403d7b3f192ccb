import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { type CofferdamError, type Host, isCofferdamError } from '../../src/index.ts';
import { codeOf, makeHost } from '../arena.ts';
import { acme, alone, counter, globex, pair } from './lifecycle-guests.ts';

const count = async (host: Host, options = acme) => (await host.call('counter.count', [], options)).value;
const fail = (host: Host, options = acme) => codeOf(() => host.call('counter.fail', [], options));

async function errorOf(run: () => Promise<unknown>): Promise<CofferdamError> {
  const error = await run().then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (isCofferdamError(error)) return error;
  throw new Error('it did not fail');
}

describe('restart: fail', () => {
  it('stops the compartment at that label, and at no other', async () => {
    const host = await makeHost(pair({ restart: 'fail' }));
    expect(await fail(host)).toBe('GUEST_TRAP');
    expect(await codeOf(() => count(host))).toBe('COMPARTMENT_FAILED');
    expect(await codeOf(() => host.call('caller.ask', [], acme))).toBe('COMPARTMENT_FAILED');
    expect(await count(host, globex)).toBe(1);
    expect(host.compartments()[0]?.failing.map(({ label, waitMs }) => [host.format(label), waitMs])).toEqual([
      ['{customer:acme}', null],
    ]);
  });

  it('until it is resumed, or has new code', async () => {
    const host = await makeHost(alone({ restart: 'fail' }));
    await fail(host);
    host.resume('counter');
    expect(await count(host)).toBe(1);
    await fail(host);
    expect(await codeOf(() => count(host))).toBe('COMPARTMENT_FAILED');
    await host.replace('counter');
    expect(await count(host)).toBe(1);
  });

  it('does not bring down who only called it', async () => {
    const host = await makeHost(pair({}, { restart: 'fail' }));
    expect(await codeOf(() => host.call('caller.break', [], acme))).toBe('GUEST_TRAP');
    expect((await host.call('caller.ask', [], acme)).value).toBe(1);
  });

  it('counts a guest that traps as it starts', async () => {
    const host = await makeHost({
      compartments: {
        counter: {
          ...counter(1),
          restart: 'fail',
          wat: `(module (memory (export "memory") 1)
          (func (export "count") (result i32) (i32.const 0)) (func (export "fail"))
          (func (export "version") (result i32) (i32.const 0)) (func (export "note") (param i32))
          (func $start unreachable) (start $start))`,
        },
      },
    });
    expect(await codeOf(() => count(host))).toBe('GUEST_TRAP');
    expect(await codeOf(() => count(host))).toBe('COMPARTMENT_FAILED');
  });

  it('counts a guest that sends what is denied', async () => {
    const arena = pair({ clearance: {} }, { restart: 'fail' });
    const host = await makeHost(arena);
    expect(await codeOf(() => host.call('caller.ask', [], acme))).toBe('FLOW_DENIED');
    expect(await codeOf(() => host.call('caller.ask', [], acme))).toBe('COMPARTMENT_FAILED');
    expect((await host.call('caller.ask', [], { label: {} })).value).toBe(1);
  });
});

describe('restart', () => {
  it('makes a fresh instance at once, where nothing is said', async () => {
    const host = await makeHost(alone());
    await count(host);
    await fail(host);
    expect(await count(host)).toBe(1);
  });

  it('has a ceiling even then: exactly a hundred failures', async () => {
    const host = await makeHost(alone());
    for (let i = 0; i < 100; i++) expect(await fail(host)).toBe('GUEST_TRAP');
    const error = await errorOf(() => count(host));
    expect(error.code).toBe('COMPARTMENT_BACKOFF');
    expect(error.details.waitMs).toBeGreaterThan(30_000);
    expect(error.details.waitMs).toBeLessThanOrEqual(60_000);
    expect(await count(host, globex)).toBe(1);
    host.resume('counter');
    expect(await count(host)).toBe(1);
  });

  it('waits longer after each failure', async () => {
    const host = await makeHost(alone({ restart: { policy: 'restart', backoff: '80ms', ceiling: '100/min' } }));
    const waits: number[] = [];
    for (let i = 0; i < 3; i++) {
      await fail(host);
      const { code, details } = await errorOf(() => count(host));
      expect(code).toBe('COMPARTMENT_BACKOFF');
      waits.push(details.waitMs as number);
      await sleep((details.waitMs as number) + 2);
      expect(await count(host)).toBe(1);
    }
    for (const [i, most] of [80, 160, 320].entries()) {
      expect(waits[i]).toBeGreaterThan(most / 2);
      expect(waits[i]).toBeLessThanOrEqual(most);
    }
  });

  it('delivers a post when the wait is over', async () => {
    const host = await makeHost(alone({ restart: { policy: 'restart', backoff: '50ms' } }));
    await fail(host);
    await host.post('counter.note', [41], acme);
    const startMs = performance.now();
    await host.drained();
    expect(performance.now() - startMs).toBeGreaterThan(25);
    expect(await count(host)).toBe(42);
  });

  it('counts failures of instances that live for a call, too', async () => {
    const host = await makeHost(alone({ instances: 'per-call', restart: { policy: 'restart', ceiling: '2/h' } }));
    await fail(host);
    expect(await count(host)).toBe(1);
    await fail(host);
    expect(await codeOf(() => count(host))).toBe('COMPARTMENT_BACKOFF');
  });

  it('fresh-per-call remembers nothing', async () => {
    const host = await makeHost(alone({ restart: 'fresh-per-call' }));
    expect([await count(host), await count(host)]).toEqual([1, 1]);
    expect(host.compartments()[0]?.instances).toEqual([]);
  });

  it('holds for calls that were prepared', async () => {
    const host = await makeHost(alone({ restart: 'fail' }));
    const prepared = host.prepare('counter.count', acme);
    expect(prepared.call()).toBe(1);
    await fail(host);
    expect(await codeOf(() => prepared.call())).toBe('COMPARTMENT_FAILED');
    host.resume('counter');
    expect(prepared.call()).toBe(1);
  });
});
