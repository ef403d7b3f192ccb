import { describe, expect, it } from 'vitest';
import { queryEvents } from '../../src/index.ts';
import { codeOf, makeHost } from '../arena.ts';

// The first call of a prepared function decides and joins; those after it go through generated Wasm (abi/fused/entry.ts).

const nobody = { label: {} };
const FOREVER = 0xffff_ffff;

const SPIN = `(func $spin (param $rounds i32) (result i32)
  (block $done (loop $again
    (br_if $done (i32.eqz (local.get $rounds)))
    (local.set $rounds (i32.sub (local.get $rounds) (i32.ne (local.get $rounds) (i32.const -1))))
    (br $again)))
  (i32.const 7))`;

const spinner = {
  wit: 'world guest { export spin: func(rounds: u32) -> u32; }',
  wat: `(module (memory (export "memory") 1) ${SPIN} (export "spin" (func $spin)))`,
};

/** Calls its link if `asks`, whatever comes of it, and then spins. */
const asking = {
  wit: 'world guest { import ask: func(rounds: u32) -> u32; export run: func(asks: bool, rounds: u32) -> u32; }',
  wat: `(module (import "$root" "ask" (func $ask (param i32) (result i32))) (memory (export "memory") 1) ${SPIN}
    (func (export "run") (param i32 i32) (result i32)
      (if (local.get 0) (then (try (do (drop (call $ask (local.get 1)))) (catch_all))))
      (call $spin (local.get 1))))`,
};
const toSpinner = [{ from: 'asking', import: 'ask', to: 'spinner', export: 'spin' }];

const IDENTITIES = ['bool', 's8', 'u16', 's32', 'u32', 's64', 'u64', 'f32', 'f64', 'char'] as const;
const CORE: Readonly<Record<string, string>> = { s64: 'i64', u64: 'i64', f32: 'f32', f64: 'f64' };

describe('an entry of a prepared call', () => {
  it('passes plain values of every kind, and each call is recorded', async () => {
    const mirror = {
      wit: `world guest { enum level { low, high } ${IDENTITIES.map((type) => `export id-${type}: func(x: ${type}) -> ${type};`).join(' ')}
        export flip: func(x: level) -> level; }`,
      wat: `(module (memory (export "memory") 1)
        ${IDENTITIES.map((type) => `(func (export "id-${type}") (param ${CORE[type] ?? 'i32'}) (result ${CORE[type] ?? 'i32'}) (local.get 0))`).join(' ')}
        (func (export "flip") (param i32) (result i32) (i32.xor (local.get 0) (i32.const 1))))`,
    };
    const host = await makeHost({ compartments: { mirror }, audit: { path: './audit.db' } });
    const values = [true, -128, 65_535, -1, 0xffff_ffff, -1n, 2n ** 64n - 1n, 1.5, Number.NaN, '\u{1f600}'];
    for (const [i, type] of IDENTITIES.entries()) {
      const { call } = host.prepare(`mirror.id-${type}`, nobody);
      expect([call(values[i]), call(values[i]), call(values[i])], type).toEqual([values[i], values[i], values[i]]);
    }
    const { call } = host.prepare('mirror.flip', nobody);
    expect(['low', 'high', 'low'].map((level) => call(level))).toEqual(['high', 'low', 'high']);
    expect(await codeOf(() => call('middle'))).toBe('ARGUMENT_TYPE');
    host.checkpoint();
    const calls = [...queryEvents(host.journalPath ?? '', { kinds: ['calls'] })];
    const counts = calls.map((event) => ('count' in event ? event.count : 0));
    expect(counts.reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(3 * (IDENTITIES.length + 1));
    expect(calls).toMatchObject([
      { export: 'id-bool', count: 3, requestBytes: 3, replyBytes: 3 },
      { export: 'id-s8', count: 3 },
      { export: 'id-u16', count: 3, requestBytes: 6, replyBytes: 6 },
      ...calls.slice(3),
    ]);
  });

  it('is stopped at its deadline, each time, and goes on with a fresh instance', async () => {
    const host = await makeHost({ compartments: { spinner: { ...spinner, limits: { deadline: '40ms' } } } });
    const { call } = host.prepare('spinner.spin', nobody);
    for (let i = 0; i < 3; i++) {
      expect([call(1), call(2)]).toEqual([7, 7]);
      expect(await codeOf(() => call(FOREVER))).toBe('LIMIT_DEADLINE');
    }
    expect(call(1)).toBe(7);
  });

  it('keeps its deadline through a call that is made in JavaScript, and after it', async () => {
    const callee = { ...spinner, limits: { deadline: '20s' }, instances: 'per-call' };
    const caller = { ...asking, limits: { deadline: '60ms' } };
    const host = await makeHost({ compartments: { asking: caller, spinner: callee }, links: toSpinner });
    const { call } = host.prepare('asking.run', nobody);
    expect([call(false, 1), call(true, 1), call(true, 1)]).toEqual([7, 7, 7]);
    const error = await Promise.resolve()
      .then(() => call(true, FOREVER))
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'LIMIT_DEADLINE', details: { compartment: 'asking', limitMs: 60 } });
    expect(call(true, 1)).toBe(7);
  });

  it('keeps its deadline when the program calls others meanwhile', async () => {
    const limits = { deadline: '60ms' };
    const host = await makeHost({
      compartments: { asking: { ...asking, limits }, spinner: { ...spinner, limits }, other: spinner },
      links: toSpinner,
    });
    const other = host.prepare('other.spin', nobody);
    other.call(1);
    other.call(1);
    const { call } = host.prepare('asking.run', nobody);
    const again = host.prepare('asking.run', nobody);
    for (const each of [call, again.call]) expect(each(false, 1)).toBe(7);
    const seen: unknown[] = [];
    host.on('started', ({ compartment }) => {
      if (compartment === 'spinner')
        seen.push(
          other.call(3),
          codeOf(() => again.call(false, 1)),
        );
    });
    // Joins the link, and so starts the callee, out of generated Wasm.
    expect(await codeOf(() => call(true, FOREVER))).toBe('LIMIT_DEADLINE');
    expect(await Promise.all(seen)).toEqual([7, 'CALL_BUSY']);
    expect([call(false, 5), other.call(5)]).toEqual([7, 7]);
  });

  it('fails with its chain, although the guest catches the exception', async () => {
    const secret = { secrecy: ['customer:acme'] };
    const host = await makeHost({
      tags: { 'customer:*': { kind: 'secrecy', owner: 'desk' } },
      compartments: { asking: { ...asking, clearance: { secrecy: ['customer:*'] } }, spinner },
      links: toSpinner,
    });
    const { call } = host.prepare('asking.run', { label: secret });
    expect(call(false, 1)).toBe(7);
    for (let i = 0; i < 3; i++) expect(await codeOf(() => call(true, 1))).toBe('FLOW_DENIED');
    expect(call(false, 1)).toBe(7);
  });

  it('refuses what is no value of the result, and ends the instance', async () => {
    const liar = {
      wit: 'world guest { export get: func(lies: bool) -> char; }',
      wat: `(module (memory (export "memory") 1) (func (export "get") (param i32) (result i32)
        (select (i32.const 0xd800) (i32.const 97) (local.get 0))))`,
    };
    const host = await makeHost({ compartments: { liar } });
    const { call } = host.prepare('liar.get', nobody);
    expect([call(false), call(false)]).toEqual(['a', 'a']);
    expect(await codeOf(() => call(true))).toBe('ABI_CHAR');
    expect(host.compartments()[0]?.instances).toEqual([]);
    expect(call(false)).toBe('a');
  });

  it('says so when the host is closed', async () => {
    const host = await makeHost({ compartments: { spinner } });
    const { call } = host.prepare('spinner.spin', nobody);
    call(1);
    call(1);
    await host.close();
    expect(await codeOf(() => call(1))).toBe('HOST_CLOSED');
  });
});
