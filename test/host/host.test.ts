import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createHost, queryEvents, renderTrace, trace } from '../../src/index.ts';
import { ALLOCATOR, assemble, codeOf, makeFolder, makeHost, manifestOf } from '../arena.ts';

const acme = { label: { secrecy: ['customer:acme'] } };
const EVERY = { secrecy: ['customer:*'] };

/** Gives its argument back, and counts. */
const echo = {
  wit: 'world guest { export say: func(text: string) -> string; export count: func() -> u32; }',
  wat: `(module ${ALLOCATOR} (global $n (mut i32) (i32.const 0))
    (func (export "say") (param i32 i32) (result i32)
      (global.set $n (i32.add (global.get $n) (i32.const 1)))
      (i32.store (i32.const 16) (local.get 0)) (i32.store (i32.const 20) (local.get 1)) (i32.const 16))
    (func (export "count") (result i32) (global.get $n)))`,
  clearance: EVERY,
};
const number = (n: number) => ({
  wit: 'world guest { export get: func() -> u32; }',
  wat: `(module (memory (export "memory") 1) (func (export "get") (result i32) (i32.const ${n})))`,
});

describe('a call', () => {
  it('gives the result with its label', async () => {
    const host = await makeHost({ compartments: { echo } });
    const reply = await host.call<string>('echo.say', ['grüß dich 🌍'], acme);
    expect([reply.value, reply.label.secrecy, reply.label.integrity]).toEqual(['grüß dich 🌍', ['customer:acme'], []]);
  });

  it('without a label is an error, unless the manifest has a default', async () => {
    const host = await makeHost({ compartments: { echo } });
    expect(await codeOf(() => host.call('echo.say', ['x']))).toBe('LABEL_MISSING');
    const lenient = await makeHost({ compartments: { echo }, defaultLabel: acme.label });
    expect((await lenient.call('echo.say', ['x'])).label.secrecy).toEqual(['customer:acme']);
  });

  it('takes its label from what the arguments were made from', async () => {
    const host = await makeHost({ compartments: { echo } });
    const reply = await host.call<string>('echo.say', ['x'], acme);
    const both = await host.call('echo.say', [reply.value], { from: reply, label: { secrecy: ['customer:globex'] } });
    expect(both.label.secrecy).toEqual(['customer:acme', 'customer:globex']);
  });

  it('with an option that cannot be enforced is refused', async () => {
    const host = await makeHost({ compartments: { echo, free: { ...echo, limits: { deadline: 'none' } } } });
    for (const deadlineMs of [0, 0.5, -1, Number.NaN, Number.POSITIVE_INFINITY, 86_400_001]) {
      expect(await codeOf(() => host.call('echo.say', ['x'], { ...acme, deadlineMs }))).toBe('OPTION_UNENFORCEABLE');
    }
    expect(await codeOf(() => host.call('free.say', ['x'], { ...acme, deadlineMs: 100 }))).toBe('OPTION_UNENFORCEABLE');
    for (const deadlineMs of [1_000, 86_400_000]) {
      expect((await host.call('echo.say', ['x'], { ...acme, deadlineMs })).value).toBe('x');
    }
  });

  it('of what is not there says so', async () => {
    const host = await makeHost({ compartments: { echo }, entries: [{ call: 'echo.say' }] });
    expect(await codeOf(() => host.call('nobody.say', ['x'], acme))).toBe('TARGET_UNKNOWN');
    expect(await codeOf(() => host.call('echo.shout', ['x'], acme))).toBe('TARGET_UNKNOWN');
    expect(await codeOf(() => host.call('echo.__proto__', [], acme))).toBe('TARGET_UNKNOWN');
    expect(await codeOf(() => host.call('echo.count', [], acme))).toBe('ENTRY_DENIED');
    expect(await codeOf(() => host.call('echo.say', ['x'], { label: { secrecy: ['unheard'] } }))).toBe(
      'LABEL_TAG_UNDECLARED',
    );
  });

  it('above what its entry may be given is refused', async () => {
    const upTo = { secrecy: ['customer:acme'] };
    const host = await makeHost({ compartments: { echo }, entries: [{ call: 'echo.say', upTo }] });
    expect(await codeOf(() => host.call('echo.say', ['x'], acme))).toBeUndefined();
    expect(await codeOf(() => host.call('echo.say', ['x'], { label: { secrecy: ['customer:globex'] } }))).toBe(
      'ENTRY_DENIED',
    );
    expect(await codeOf(() => host.post('echo.say', ['x'], { label: { secrecy: ['customer:globex'] } }))).toBe(
      'ENTRY_DENIED',
    );
  });

  it('after close is refused', async () => {
    const host = await makeHost({ compartments: { echo } });
    const prepared = host.prepare('echo.say', acme);
    await host.close();
    expect(await codeOf(() => host.call('echo.say', ['x'], acme))).toBe('HOST_CLOSED');
    expect(await codeOf(() => prepared.call('x'))).toBe('HOST_CLOSED');
    await host.close();
  });
});

describe('closing', () => {
  const teller = {
    wit: 'world guest { import out: func(); export tell: func(); }',
    wat: '(module (import "$root" "out" (func $out)) (memory (export "memory") 1) (func (export "tell") (call $out)))',
    resources: ['sink'],
  };
  const arena = {
    compartments: { teller },
    links: [{ from: 'teller', import: 'out', to: 'sink', post: true }],
    resources: { sink: { function: true } },
  };

  it('delivers what was accepted', async () => {
    let got = 0;
    const sink = async () => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      got++;
    };
    const host = await makeHost(arena, { resources: { sink } });
    await host.call('teller.tell', [], { label: {} });
    await host.close();
    expect(got).toBe(1);
  });

  it('gives up a host function that never answers, and says so', async () => {
    const host = await makeHost(arena, { resources: { sink: () => new Promise<void>(() => {}) } });
    const limits: string[] = [];
    host.on('limit', ({ limit }) => limits.push(limit));
    await host.call('teller.tell', [], { label: {} });
    await host.close({ graceMs: 50 });
    expect(limits).toEqual(['grace']);
  });
});

describe('a prepared call', () => {
  it('gives what a call gives, and is recorded each time', async () => {
    const host = await makeHost({ compartments: { echo }, audit: { path: './audit.db' } });
    const prepared = host.prepare<string>('echo.say', acme);
    expect([prepared.call('a'), prepared.call('grüß dich'), prepared.label.secrecy]).toEqual([
      'a',
      'grüß dich',
      ['customer:acme'],
    ]);
    host.checkpoint();
    const calls = [...queryEvents(host.journalPath ?? '', { kinds: ['calls'] })];
    expect(calls).toMatchObject([{ count: 2, edge: 'host -> echo: say' }]);
  });

  it('reaches the instance that a call at its label reaches', async () => {
    const host = await makeHost({ compartments: { echo } });
    await host.call('echo.say', ['x'], acme);
    host.prepare('echo.say', acme).call('x');
    expect(host.prepare('echo.count', acme).call()).toBe(2);
    expect(host.prepare('echo.count', { label: {} }).call()).toBe(0);
  });

  it('is decided again when something has changed', async () => {
    const gated = { ...echo, grants: ['customer:*-'], gates: { count: { declassify: ['customer:*'] } } };
    const host = await makeHost({ compartments: { echo: gated } });
    const prepared = host.prepare('echo.count', acme);
    prepared.call();
    expect(prepared.label.secrecy).toEqual([]);
    host.revoke({ by: 'desk', to: 'echo', privilege: 'customer:*-' });
    prepared.call();
    expect(prepared.label.secrecy).toEqual(['customer:acme']);
    await host.unload('echo');
    expect(await codeOf(() => prepared.call())).toBe('TARGET_UNKNOWN');
  });

  it('of what is not allowed is denied, each time', async () => {
    const host = await makeHost({ compartments: { low: number(1) } });
    const prepared = host.prepare('low.get', acme);
    expect(await codeOf(() => prepared.call())).toBe('FLOW_DENIED');
    expect(await codeOf(() => prepared.call())).toBe('FLOW_DENIED');
    expect(host.prepare('low.get', { label: {} }).call()).toBe(1);
  });

  it('that traps gets a fresh instance the next time; a wrong argument leaves it as it is', async () => {
    const fragile = {
      wit: 'world guest { export add: func(n: u32) -> u32; export fail: func(); }',
      wat: `(module (global $n (mut i32) (i32.const 0)) (memory (export "memory") 1)
        (func (export "add") (param i32) (result i32) (global.set $n (i32.add (global.get $n) (local.get 0))) (global.get $n))
        (func (export "fail") unreachable))`,
      clearance: EVERY,
    };
    const host = await makeHost({ compartments: { fragile } });
    const add = host.prepare('fragile.add', acme);
    expect([add.call(5), add.call(5)]).toEqual([5, 10]);
    expect(await codeOf(() => add.call('5'))).toBe('ARGUMENT_TYPE');
    expect(await codeOf(() => add.call())).toBe('ARGUMENT_COUNT');
    expect(add.call(1)).toBe(11);
    expect(await codeOf(() => host.prepare('fragile.fail', acme).call())).toBe('GUEST_TRAP');
    expect(add.call(1)).toBe(1);
  });

  it('of a guest that may have to wait is refused', async () => {
    const waits = {
      wit: 'world guest { import out: func(); export go: func(); }',
      wat: '(module (import "$root" "out" (func $out)) (memory (export "memory") 1) (func (export "go") (call $out)))',
      resources: ['sink'],
    };
    const host = await makeHost(
      {
        compartments: { waits },
        links: [{ from: 'waits', import: 'out', to: 'sink' }],
        resources: { sink: { function: true } },
      },
      { resources: { sink: () => undefined } },
    );
    expect(await codeOf(() => host.prepare('waits.go', { label: {} }))).toBe('OPTION_UNENFORCEABLE');
  });
});

describe('a session', () => {
  it('floats as replies come in', async () => {
    const host = await makeHost({ compartments: { echo } });
    const session = host.session({ clearance: { secrecy: ['customer:*'] } });
    await session.call('echo.say', ['x'], {});
    expect(session.label.secrecy).toEqual([]);
    await session.call('echo.say', ['x'], acme);
    expect(session.label.secrecy).toEqual(['customer:acme']);
    const reply = await session.call('echo.count');
    expect([reply.value, reply.label.secrecy]).toEqual([1, ['customer:acme']]);
  });

  it('never rises above its clearance: the call does not run', async () => {
    const host = await makeHost({ compartments: { echo } });
    const session = host.session({ clearance: { secrecy: ['customer:acme'] } });
    await session.call('echo.say', ['x'], acme);
    const code = await codeOf(() => session.call('echo.say', ['x'], { label: { secrecy: ['customer:globex'] } }));
    expect([code, session.label.secrecy]).toEqual(['SESSION_CLEARANCE', ['customer:acme']]);
    expect(host.compartments().flatMap(({ instances }) => instances)).toHaveLength(1);
  });
});

describe('a running host', () => {
  it('loads a compartment while others keep their state', async () => {
    const folder = makeFolder();
    writeFileSync(join(folder, 'seven.wasm'), assemble(number(7).wat));
    const host = await createHost(manifestOf({ compartments: { echo } }, folder), { baseDir: folder });
    await host.call('echo.say', ['x'], acme);
    const wit = { text: `package test:guest;\n${number(7).wit}`, world: 'guest' };
    await host.load('seven', { wasm: './seven.wasm', abi: 'core', wit });
    expect((await host.call('seven.get', [], { label: {} })).value).toBe(7);
    expect((await host.call('echo.count', [], acme)).value).toBe(1);
    expect(await codeOf(() => host.load('seven', { wasm: './seven.wasm', abi: 'core', wit }))).toBe(
      'COMPARTMENT_EXISTS',
    );
    await host.unload('seven');
    expect(await codeOf(() => host.call('seven.get', [], { label: {} }))).toBe('TARGET_UNKNOWN');
    expect((await host.call('echo.count', [], acme)).value).toBe(1);
    await host.close();
  });

  it('replaces code: messages that wait get the new', async () => {
    const folder = makeFolder();
    const got: unknown[] = [];
    const teller = (n: number) => ({
      wit: 'world guest { import out: func(n: u32); export tell: func(); }',
      wat: `(module (import "$root" "out" (func $out (param i32))) (memory (export "memory") 1)
        (func (export "tell") (call $out (i32.const ${n}))))`,
      resources: ['sink'],
    });
    const rest = {
      links: [{ from: 'teller', import: 'out', to: 'sink', post: true }],
      resources: { sink: { function: true } },
    };
    const options = { baseDir: folder, resources: { sink: (n: unknown) => void got.push(n) } };
    const host = await createHost(manifestOf({ compartments: { teller: teller(1) }, ...rest }, folder), options);
    await host.post('teller.tell', [], { label: {} });
    await host.drained();
    writeFileSync(join(folder, 'teller.wasm'), assemble(teller(2).wat));
    await host.replace('teller');
    await host.post('teller.tell', [], { label: {} });
    await host.drained();
    expect(got).toEqual([1, 2]);
    await host.close();
  });

  it('changes nothing when a change is refused', async () => {
    const host = await makeHost({ compartments: { echo } });
    await host.call('echo.say', ['x'], acme);
    expect(await codeOf(() => host.replace('echo', { wasm: './missing.wasm' }))).toMatch(
      /MANIFEST_FILE|LOAD_NOT_FOUND/,
    );
    expect(await codeOf(() => host.replace('echo', { sha256: '0'.repeat(64) }))).toBe('LOAD_HASH_MISMATCH');
    expect(await codeOf(() => host.replace('echo', { unheard: 1 }))).toBe('MANIFEST_UNKNOWN_KEY');
    expect(await codeOf(() => host.unload('nobody'))).toBe('TARGET_UNKNOWN');
    expect((await host.call('echo.count', [], acme)).value).toBe(1);
  });

  it('does not give a revoked privilege back with new code', async () => {
    const gated = { ...echo, grants: ['customer:*-'], gates: { say: { declassify: ['customer:*'] } } };
    const host = await makeHost({ compartments: { echo: gated } });
    const labelOf = async () => (await host.call('echo.say', ['x'], acme)).label.secrecy;
    expect(await labelOf()).toEqual([]);
    host.revoke({ by: 'desk', to: 'echo', privilege: 'customer:*-' });
    await host.replace('echo');
    expect(await labelOf()).toEqual(['customer:acme']);
  });

  it('explains what would flow, and changes nothing', async () => {
    const host = await makeHost({ compartments: { echo, low: number(1) } });
    const no = host.explain({ from: 'host', to: 'low', label: acme.label });
    expect([no.allowed, no.edges[0]?.explanation?.secrecy]).toEqual([false, ['customer:acme']]);
    expect(host.explain({ from: 'host', to: 'echo', label: acme.label }).allowed).toBe(true);
    expect(await codeOf(() => host.explain({ from: 'echo', to: 'low', label: {} }))).toBe('TARGET_UNKNOWN');
    expect(host.compartments().flatMap(({ instances }) => instances)).toEqual([]);
  });
});

describe('imports that nothing serves', () => {
  it('are named, all of them', async () => {
    const needy = {
      wit: 'world guest { import one: func(); import two: func(); export go: func(); }',
      wat: `(module (import "$root" "one" (func $one)) (import "$root" "two" (func $two)) (memory (export "memory") 1)
        (func (export "go") (call $one) (call $two)))`,
    };
    const error = await makeHost({ compartments: { needy } }).catch((thrown) => thrown);
    expect([error.code, error.details.imports]).toEqual(['LINK_MISSING', ['one', 'two']]);
  });

  it('and links whose ends differ are refused', async () => {
    const wants = {
      wit: 'world guest { import get: func() -> u64; export go: func() -> u64; }',
      wat: `(module (import "$root" "get" (func $get (result i64))) (memory (export "memory") 1)
        (func (export "go") (result i64) (call $get)))`,
    };
    const links = [{ from: 'wants', import: 'get', to: 'gives' }];
    expect(await codeOf(() => makeHost({ compartments: { wants, gives: number(1) }, links }))).toBe('LINK_TYPE');
    const none = [{ from: 'wants', import: 'get', to: 'gives', export: 'absent' }];
    expect(await codeOf(() => makeHost({ compartments: { wants, gives: number(1) }, links: none }))).toBe(
      'LINK_EXPORT',
    );
    const post = [{ from: 'wants', import: 'get', to: 'gives', post: true }];
    expect(await codeOf(() => makeHost({ compartments: { wants, gives: number(1) }, links: post }))).toBe('LINK_POST');
  });

  it('and WASI that is not granted is refused before anything runs, all of it by name', async () => {
    const wasi = (names: string[]) => ({
      wit: 'world guest { export go: func(); }',
      wat: `(module ${names.map((name) => `(import "wasi_snapshot_preview1" "${name}" (func (result i32)))`).join(' ')}
        (memory (export "memory") 1) (func (export "go")))`,
    });
    const none = await makeHost({ compartments: { c: wasi(['sched_yield', 'path_open']) } }).catch((thrown) => thrown);
    expect([none.code, none.details.names]).toEqual(['WASI_NOT_GRANTED', ['sched_yield', 'path_open']]);
    const more = { ...wasi(['sched_yield', 'path_open']), wasi: 'minimal' };
    const minimal = await makeHost({ compartments: { c: more } }).catch((thrown) => thrown);
    expect([minimal.code, minimal.details.names]).toEqual(['WASI_NOT_GRANTED', ['path_open']]);
    const granted = { ...wasi(['sched_yield']), wasi: 'minimal' };
    expect(await codeOf(() => makeHost({ compartments: { c: granted } }))).toBeUndefined();
  });

  it('and resources that the program does not offer are refused', async () => {
    const wants = {
      wit: 'world guest { import out: func(); export go: func(); }',
      wat: '(module (import "$root" "out" (func $out)) (memory (export "memory") 1) (func (export "go") (call $out)))',
      resources: ['sink'],
    };
    const arena = {
      compartments: { wants },
      links: [{ from: 'wants', import: 'out', to: 'sink' }],
      resources: { sink: { function: true } },
    };
    expect(await codeOf(() => makeHost(arena))).toBe('RESOURCE_MISSING');
    expect(await codeOf(() => makeHost(arena, { resources: { other: () => undefined } }))).toBe('RESOURCE_MISSING');
  });

  it('a gate on an export that is not there is refused', async () => {
    const gates = { absent: { declassify: ['customer:*'] } };
    const gated = { ...echo, grants: ['customer:*-'], gates };
    expect(await codeOf(() => makeHost({ compartments: { echo: gated } }))).toBe('GATE_EXPORT');
  });
});

describe('a package', () => {
  const FILE = 'wasm/arcjet_analyze_bindings_redact.component.wasm';
  const load = (wasm: string) =>
    createHost({ version: 1, principals: {}, compartments: { detect: { wasm } } }, { baseDir: import.meta.dirname });

  it('may be named with its version, which must be the one that is installed', async () => {
    // Past the version: what is missing then is a link for its imports.
    expect(await codeOf(() => load(`npm:@arcjet/redact-wasm@1.4.0/${FILE}`))).toBe('LINK_MISSING');
    expect(await codeOf(() => load(`npm:@arcjet/redact-wasm@1.4.1/${FILE}`))).toBe('LOAD_PACKAGE_VERSION');
  });
});

describe('files', () => {
  async function desk() {
    const folder = makeFolder();
    for (const customer of ['acme', 'globex']) {
      mkdirSync(join(folder, 'tickets', customer), { recursive: true });
      writeFileSync(join(folder, 'tickets', customer, '1.md'), `of ${customer}`);
    }
    writeFileSync(join(folder, 'tickets', 'loose.md'), 'whose?');
    writeFileSync(join(folder, 'outside.md'), 'outside');
    symlinkSync(join(folder, 'outside.md'), join(folder, 'tickets', 'acme', 'out.md'));
    symlinkSync(join(folder, 'tickets', 'globex', '1.md'), join(folder, 'tickets', 'acme', 'theirs.md'));
    const resources = { tickets: { fs: './tickets', mode: 'read', label: { secrecy: ['customer:{dir}'] } } };
    const arena = { compartments: { echo }, resources, audit: { path: './audit.db' } };
    return createHost(manifestOf(arena, folder), { baseDir: folder });
  }

  it('come with the label of their folder', async () => {
    await using host = await desk();
    const file = await host.read('tickets', 'acme/1.md');
    expect([file.value, file.label.secrecy]).toEqual(['of acme', ['customer:acme']]);
    expect(await host.list('tickets')).toEqual(['acme/1.md', 'globex/1.md', 'loose.md']);
  });

  it('do not lead out, nor into another label', async () => {
    await using host = await desk();
    for (const path of ['../outside.md', '/etc/hostname', 'acme/../../outside.md', 'acme/out.md', '.']) {
      expect(await codeOf(() => host.read('tickets', path))).toBe('FILE_ESCAPES');
    }
    expect((await host.read('tickets', 'acme/theirs.md')).label.secrecy).toEqual(['customer:globex']);
    expect(await codeOf(() => host.read('tickets', 'loose.md'))).toBe('FILE_UNLABELLED');
    expect(await codeOf(() => host.read('tickets', 'acme/absent.md'))).toBe('FILE_NOT_FOUND');
    expect(await codeOf(() => host.read('absent', 'acme/1.md'))).toBe('RESOURCE_UNKNOWN');
  });

  it('are followed from the folder through the calls that got them', async () => {
    await using host = await desk();
    const file = await host.read('tickets', 'acme/1.md');
    const reply = await host.call<string>('echo.say', [file.value], { from: file });
    await host.call('echo.say', [reply.value], { from: reply });
    host.checkpoint();
    const graph = trace(host.journalPath ?? '', { tag: 'customer:acme', direction: 'forward' });
    const text = renderTrace(graph, 'text');
    expect(text).toContain('tickets');
    expect(graph.nodes.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['tickets', `host#${file.message}`, `host#${reply.message}`]),
    );
  });
});
