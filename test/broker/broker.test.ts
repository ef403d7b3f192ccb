import { describe, expect, it } from 'vitest';
import { denials, gates, type Host, queryEvents } from '../../src/index.ts';
import { ALLOCATOR, type Arena, codeOf, makeHost } from '../arena.ts';

const acme = { label: { secrecy: ['customer:acme'] } };
const globex = { label: { secrecy: ['customer:globex'] } };
const nobody = { label: {} };
const EVERY = { secrecy: ['customer:*'] };

/** Counts its calls: what it remembers is the state of one instance. */
const counter = {
  wit: 'world guest { export count: func() -> u32; export fail: func(); }',
  wat: `(module (global $n (mut i32) (i32.const 0)) (memory (export "memory") 1)
    (func (export "count") (result i32) (global.set $n (i32.add (global.get $n) (i32.const 1))) (global.get $n))
    (func (export "fail") unreachable))`,
  clearance: EVERY,
};
/** Calls `count` or `fail` of somebody else and hands on what it gets. */
const caller = {
  wit: `world guest { import count: func() -> u32; import fail: func();
    export ask: func() -> u32; export break: func(); export mine: func() -> u32; }`,
  wat: `(module (import "$root" "count" (func $count (result i32))) (import "$root" "fail" (func $fail))
    (global $n (mut i32) (i32.const 0)) (memory (export "memory") 1)
    (func (export "ask") (result i32) (call $count))
    (func (export "break") (call $fail))
    (func (export "mine") (result i32) (global.set $n (i32.add (global.get $n) (i32.const 1))) (global.get $n)))`,
  clearance: EVERY,
};
const pair: Arena = {
  compartments: { counter, caller },
  links: [
    { from: 'caller', import: 'count', to: 'counter' },
    { from: 'caller', import: 'fail', to: 'counter' },
  ],
};

const valueAt = async (host: Host, target: string, options: object) => (await host.call(target, [], options)).value;

describe('instances', () => {
  it('of one compartment at two labels share nothing', async () => {
    const host = await makeHost(pair);
    expect(await valueAt(host, 'counter.count', acme)).toBe(1);
    expect(await valueAt(host, 'counter.count', acme)).toBe(2);
    expect(await valueAt(host, 'counter.count', globex)).toBe(1);
    expect(await valueAt(host, 'counter.count', nobody)).toBe(1);
  });

  it('are those that a link at the same label reaches', async () => {
    const host = await makeHost(pair);
    expect(await valueAt(host, 'caller.ask', acme)).toBe(1);
    expect(await valueAt(host, 'counter.count', acme)).toBe(2);
    expect(await valueAt(host, 'caller.ask', globex)).toBe(1);
  });

  it('that are per call remember nothing', async () => {
    const host = await makeHost({ compartments: { counter: { ...counter, instances: 'per-call' } } });
    expect(await valueAt(host, 'counter.count', acme)).toBe(1);
    expect(await valueAt(host, 'counter.count', acme)).toBe(1);
    expect(host.compartments()[0]?.instances).toEqual([]);
  });

  it('are numbered for each label apart: a name that one sees does not count those of others', async () => {
    const names = async (others: readonly object[]) => {
      const host = await makeHost(pair);
      for (const options of [...others, nobody]) await host.call('counter.count', [], options);
      const seen = host.compartments().flatMap(({ instances }) => instances);
      return seen.filter(({ label }) => label.secrecy.length === 0).map(({ id }) => id);
    };
    expect(await names([acme, globex])).toEqual(await names([]));
  });

  it('are bounded: exactly as many as the limit', async () => {
    const host = await makeHost({ compartments: { counter: { ...counter, limits: { instances: 2 } } } });
    await host.call('counter.count', [], acme);
    await host.call('counter.count', [], globex);
    expect(await codeOf(() => host.call('counter.count', [], nobody))).toBe('LIMIT_INSTANCES');
    expect(await valueAt(host, 'counter.count', acme)).toBe(2);
  });

  it('never exist above their clearance', async () => {
    const host = await makeHost({
      compartments: { counter: { ...counter, clearance: { secrecy: ['customer:acme'] } } },
    });
    expect(await codeOf(() => host.call('counter.count', [], globex))).toBe('FLOW_DENIED');
    expect(host.compartments()[0]?.instances).toEqual([]);
    expect(await valueAt(host, 'counter.count', acme)).toBe(1);
  });
});

describe('a trap', () => {
  it('ends the chain, and the next call gets fresh instances', async () => {
    const host = await makeHost(pair);
    await host.call('caller.mine', [], acme);
    await host.call('counter.count', [], acme);
    expect(await codeOf(() => host.call('caller.break', [], acme))).toBe('GUEST_TRAP');
    expect(await valueAt(host, 'caller.mine', acme)).toBe(1);
    expect(await valueAt(host, 'counter.count', acme)).toBe(1);
  });

  it('leaves the instances of other chains alone', async () => {
    const host = await makeHost(pair);
    await host.call('counter.count', [], globex);
    await codeOf(() => host.call('caller.break', [], acme));
    expect(await valueAt(host, 'counter.count', globex)).toBe(2);
  });

  it('is told to the program with its label, and once', async () => {
    const host = await makeHost(pair);
    const traps: string[] = [];
    host.on('trap', ({ compartment, error }) => traps.push(`${compartment} ${error.code}`));
    const error = await host.call('caller.break', [], acme).catch((thrown) => thrown);
    expect(error.details.label.secrecy).toEqual(['customer:acme']);
    expect(traps).toEqual(['counter GUEST_TRAP']);
  });

  it('is not a wrong argument: nothing ran, and the instance goes on', async () => {
    const host = await makeHost({
      compartments: {
        adder: {
          wit: 'world guest { export add: func(n: u32) -> u32; }',
          wat: `(module (global $n (mut i32) (i32.const 0)) (memory (export "memory") 1)
            (func (export "add") (param i32) (result i32)
              (global.set $n (i32.add (global.get $n) (local.get 0))) (global.get $n)))`,
        },
      },
    });
    await host.call('adder.add', [5], nobody);
    for (const wrong of ['5', -1, 2 ** 32, 1.5, null, {}]) {
      expect(await codeOf(() => host.call('adder.add', [wrong], nobody))).toBe('ARGUMENT_TYPE');
    }
    expect((await host.call('adder.add', [1], nobody)).value).toBe(6);
    expect(await codeOf(() => host.call('adder.add', [], nobody))).toBe('ARGUMENT_COUNT');
  });
});

/** Sends what it gets to an import, one way or as a call. */
const forwarder = {
  wit: 'world guest { import out: func(text: string); export pass: func(text: string); }',
  wat: `(module (import "$root" "out" (func $out (param i32 i32))) ${ALLOCATOR}
    (func (export "pass") (param i32 i32) (call $out (local.get 0) (local.get 1))))`,
};

function sink() {
  const got: unknown[] = [];
  return { got, resources: { sink: (text: unknown) => void got.push(text) } };
}

const direct = (post: boolean, label: object = {}): Arena => ({
  compartments: { forwarder: { ...forwarder, clearance: EVERY, resources: ['sink'] } },
  links: [{ from: 'forwarder', import: 'out', to: 'sink', ...(post ? { post } : {}) }],
  resources: { sink: { function: true, label } },
});

describe('a resource', () => {
  it('takes what may flow to its label, and nothing else', async () => {
    const { got, resources } = sink();
    const host = await makeHost(direct(true), { resources });
    await host.call('forwarder.pass', ['public'], nobody);
    await host.call('forwarder.pass', ['secret'], acme); // accepted, as far as the guest knows
    await host.drained();
    expect(got).toEqual(['public']);
  });

  it('that is more secret takes a blind write, and a call only where its answer may be read', async () => {
    const secret = { secrecy: ['customer:acme'] };
    const blind = sink();
    const one = await makeHost(direct(true, secret), { resources: blind.resources });
    await one.call('forwarder.pass', ['up'], nobody);
    await one.drained();
    expect(blind.got).toEqual(['up']);
    const waiting = sink();
    const other = await makeHost(direct(false, secret), { resources: waiting.resources });
    expect(await codeOf(() => other.call('forwarder.pass', ['up'], nobody))).toBe('FLOW_DENIED');
    expect(waiting.got).toEqual([]);
    await other.call('forwarder.pass', ['level'], acme);
    expect(waiting.got).toEqual(['level']);
  });

  it('that waits suspends its caller, and another call waits its turn', async () => {
    const order: string[] = [];
    const resources = {
      sink: async (text: unknown) => {
        order.push(`start ${text}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
        order.push(`end ${text}`);
      },
    };
    const host = await makeHost(direct(false), { resources });
    await Promise.all(['a', 'b'].map((text) => host.call('forwarder.pass', [text], nobody)));
    expect(order).toEqual(['start a', 'end a', 'start b', 'end b']);
  });

  it('that fails ends the chain with a code, and the next call works', async () => {
    let isBroken = true;
    const resources = {
      sink: () => {
        if (isBroken) throw new Error('the secret detail');
      },
    };
    const host = await makeHost(direct(false), { resources });
    expect(await codeOf(() => host.call('forwarder.pass', ['x'], nobody))).toBe('RESOURCE_FAILED');
    isBroken = false;
    expect(await codeOf(() => host.call('forwarder.pass', ['x'], nobody))).toBeUndefined();
  });

  it('can be given up on: an aborted call ends at once, and its instance with it', async () => {
    const resources = { sink: () => new Promise<void>(() => {}) };
    const host = await makeHost(direct(false), { resources });
    const abort = new AbortController();
    const call = codeOf(() => host.call('forwarder.pass', ['x'], { ...nobody, signal: abort.signal }));
    await new Promise((resolve) => setTimeout(resolve, 10));
    abort.abort();
    expect(await call).toBe('CALL_ABORTED');
    expect(host.compartments()[0]?.instances).toEqual([]);
    const already = codeOf(() => host.call('forwarder.pass', ['x'], { ...nobody, signal: AbortSignal.abort() }));
    expect(await already).toBe('CALL_ABORTED');
  });
});

describe('a gate', () => {
  const released = (budget: object = {}): Arena => ({
    ...direct(true),
    compartments: {
      forwarder: { ...forwarder, clearance: EVERY, resources: ['sink'], grants: ['customer:*-'] },
    },
    links: [{ from: 'forwarder', import: 'out', to: 'sink', post: true, declassify: ['customer:*'], ...budget }],
  });

  it('on a link releases, and each use is in the journal', async () => {
    const { got, resources } = sink();
    const host = await makeHost({ ...released(), audit: { path: './audit.db' } }, { resources });
    await host.call('forwarder.pass', ['secret'], acme);
    await host.drained();
    expect(got).toEqual(['secret']);
    host.checkpoint();
    expect([...gates(host.journalPath ?? '')].map(({ declassified }) => declassified)).toEqual([['customer:acme']]);
  });

  it('releases no more than its budget, counted per label', async () => {
    const { got, resources } = sink();
    const host = await makeHost(released({ budget: { calls: '1/day' } }), { resources });
    for (const options of [acme, acme, globex, acme]) {
      await host.call('forwarder.pass', [options.label.secrecy[0]], options);
      await host.drained();
    }
    expect(got).toEqual(['customer:acme', 'customer:globex']);
  });

  it('closes when the privilege is revoked, also for messages on their way', async () => {
    const { got, resources } = sink();
    const host = await makeHost(released(), { resources });
    await host.call('forwarder.pass', ['before'], acme);
    await host.drained();
    await host.call('forwarder.pass', ['on its way'], acme);
    host.revoke({ by: 'desk', to: 'forwarder', privilege: 'customer:*-' });
    await host.drained();
    await host.call('forwarder.pass', ['after'], acme);
    await host.drained();
    expect(got).toEqual(['before']);
    host.grant({ by: 'desk', to: 'forwarder', privilege: 'customer:acme-' });
    await host.call('forwarder.pass', ['narrower than the gate'], acme);
    await host.drained();
    expect(got).toEqual(['before']);
    host.grant({ by: 'desk', to: 'forwarder', privilege: 'customer:*-' });
    await host.call('forwarder.pass', ['again'], acme);
    await host.drained();
    expect(got).toEqual(['before', 'again']);
  });

  it('on an export gives the host a reply at the lower label', async () => {
    const host = await makeHost({
      compartments: {
        counter: { ...counter, grants: ['customer:*-'], gates: { count: { declassify: ['customer:*'] } } },
      },
    });
    expect((await host.call('counter.count', [], acme)).label.secrecy).toEqual([]);
  });

  it('that requires a vouched request stays shut without', async () => {
    const gate = { declassify: ['customer:*'], requires: { integrity: ['vetted'] } };
    const host = await makeHost({
      compartments: { counter: { ...counter, grants: ['customer:*-'], gates: { count: gate } } },
    });
    const plain = await host.call('counter.count', [], acme);
    const vetted = await host.call('counter.count', [], { label: { ...acme.label, integrity: ['vetted'] } });
    expect([plain.label.secrecy, vetted.label.secrecy]).toEqual([['customer:acme'], []]);
  });
});

describe('a denied call', () => {
  const upward: Arena = {
    compartments: { low: { ...caller, clearance: {} }, counter: { ...counter, label: { secrecy: ['customer:acme'] } } },
    links: [
      { from: 'low', import: 'count', to: 'counter' },
      { from: 'low', import: 'fail', to: 'counter' },
    ],
  };

  it('does not run: a call that could not be answered leaves no trace in its callee', async () => {
    const host = await makeHost(upward);
    expect(await codeOf(() => host.call('low.ask', [], nobody))).toBe('FLOW_DENIED');
    expect(host.compartments().find(({ name }) => name === 'counter')?.instances).toEqual([]);
    expect(await valueAt(host, 'counter.count', acme)).toBe(1);
  });

  it('is on disk before its caller learns of it', async () => {
    const host = await makeHost({ ...upward, audit: { path: './audit.db' } });
    let seen = -1;
    host.on('denied', () => {
      seen = [...denials(host.journalPath ?? '')].length;
    });
    await codeOf(() => host.call('low.ask', [], nobody));
    expect(seen).toBe(1);
  });

  it('that a guest repeats as a post does not flood the journal', async () => {
    const flood = {
      wit: 'world guest { import out: func(); export flood: func(); }',
      wat: `(module (import "$root" "out" (func $out)) (memory (export "memory") 1)
        (func (export "flood") (local $i i32)
          (loop $l (call $out) (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 5000))))))`,
      clearance: EVERY,
      resources: ['sink'],
    };
    const host = await makeHost(
      {
        compartments: { flood },
        links: [{ from: 'flood', import: 'out', to: 'sink', post: true }],
        resources: { sink: { function: true } },
        audit: { path: './audit.db' },
      },
      { resources: { sink: () => undefined } },
    );
    await host.call('flood.flood', [], acme);
    expect([...denials(host.journalPath ?? '')].length).toBeLessThan(20);
  });
});

describe('calls', () => {
  it('that come back to their own chain are refused', async () => {
    const ring = {
      wit: 'world guest { import again: func(); export go: func(); }',
      wat: `(module (import "$root" "again" (func $again)) (memory (export "memory") 1) (func (export "go") (call $again)))`,
    };
    const host = await makeHost({
      compartments: { one: ring, two: ring },
      links: [
        { from: 'one', import: 'again', to: 'two', export: 'go' },
        { from: 'two', import: 'again', to: 'one', export: 'go' },
      ],
    });
    expect(await codeOf(() => host.call('one.go', [], nobody))).toBe('CALL_REENTRANT');
  });

  it('nest as deep as the limit and not deeper', async () => {
    const link = (n: number) => ({
      wit: `world guest { ${n > 0 ? 'import next: func() -> u32; ' : ''}export go: func() -> u32; }`,
      wat: `(module ${n > 0 ? '(import "$root" "next" (func $next (result i32)))' : ''} (memory (export "memory") 1)
        (func (export "go") (result i32) ${n > 0 ? '(call $next)' : '(i32.const 7)'}))`,
    });
    const chain = (length: number): Arena => ({
      compartments: Object.fromEntries(Array.from({ length }, (_, n) => [`c${n}`, link(n)])),
      links: Array.from({ length: length - 1 }, (_, n) => ({
        from: `c${n + 1}`,
        import: 'next',
        to: `c${n}`,
        export: 'go',
      })),
      limits: { callDepth: 3 },
    });
    expect(await valueAt(await makeHost(chain(3)), 'c2.go', nobody)).toBe(7);
    const host = await makeHost(chain(4));
    expect(await codeOf(() => host.call('c3.go', [], nobody))).toBe('LIMIT_CALL_DEPTH');
  });

  it('are recorded before they run, with the message in whose course they were sent', async () => {
    const host = await makeHost({ ...pair, audit: { path: './audit.db' } });
    await host.call('caller.ask', [], acme);
    host.checkpoint();
    const events = [...queryEvents(host.journalPath ?? '', { kinds: ['call', 'calls'] })];
    const calls = events.flatMap((event) => (event.kind === 'call' || event.kind === 'calls' ? [event] : []));
    expect(calls.map(({ edge }) => edge)).toEqual(['host -> caller: ask', 'caller -> counter: count']);
    expect(calls[1]?.from).toBe(calls[0]?.to);
    expect(calls[1]?.message).toBe((calls[0]?.message ?? 0) + 1);
  });
});
