import { describe, expect, it } from 'vitest';
import { makeJcoCode } from '../../src/convention/jco.ts';
import { codeOf, component, failure, hostOf, LIMITS, type Parts, sleep } from './jco-support.ts';

const WAITING = `
  (core func $set-new (canon waitable-set.new))`;
const ASK = {
  before: `(import "ask" (func $ask async)) (core func $ask (canon lower (func $ask) async)) ${WAITING}
    (core func $join (canon waitable.join))`,
  given: '(export "ask" (func $ask)) (export "set-new" (func $set-new)) (export "join" (func $join))',
  imports: `(import "" "ask" (func $ask (result i32))) (import "" "set-new" (func $set-new (result i32)))
    (import "" "join" (func $join (param i32 i32)))`,
};
/** Asks, waits, and is resumed. */
const WAIT_FOR_ASK = `(local $set i32) (local.set $set (call $set-new))
  (call $join (i32.shr_u (call $ask) (i32.const 4)) (local.get $set))
  (i32.or (i32.const 2) (i32.shl (local.get $set) (i32.const 4)))`;

describe('an async guest that', () => {
  const traps: [string, Parts][] = [
    ['traps', { go: 'unreachable' }],
    ['traps when it is resumed', { ...ASK, go: WAIT_FOR_ASK, resume: 'unreachable' }],
    [
      'recurses without end',
      { go: '(call $again)', more: '(func $again (result i32) (i32.add (call $again) (call $again)))' },
    ],
    ['asks for what no code means', { go: '(i32.const 15)' }],
    ['waits for a set that is not there', { go: '(i32.const 0x7fffffe2)' }],
    ['returns twice', { go: '(call $return) (call $return) (i32.const 0)' }],
    ['exits without returning', { go: '(i32.const 0)' }],
    [
      'waits for nothing that could ever come',
      {
        before: WAITING,
        given: '(export "set-new" (func $set-new))',
        imports: '(import "" "set-new" (func $set-new (result i32)))',
        go: '(i32.or (i32.const 2) (i32.shl (call $set-new) (i32.const 4)))',
      },
    ],
    [
      'drops what it does not have',
      {
        before: '(core func $drop (canon subtask.drop))',
        given: '(export "drop" (func $drop))',
        imports: '(import "" "drop" (func $drop (param i32)))',
        go: '(call $drop (i32.const 77)) (i32.const 0)',
      },
    ],
  ];
  it.each(traps)('%s has trapped, and is of no use afterwards', async (_, parts) => {
    const instance = (await codeOf(component(parts))).instantiate(hostOf(() => sleep(1)));
    expect(await failure(() => instance.callSuspending(0, []))).toBe('GUEST_TRAP');
    expect(await failure(() => instance.callSuspending(0, []))).toBe('INSTANCE_STOPPED');
    // Whatever it left behind would end the process now.
    await sleep(30);
  });

  it('yields without end lets others run, and can be stopped', async () => {
    const instance = (await codeOf(component({ go: '(i32.const 1)', resume: '(i32.const 1)' }))).instantiate(
      hostOf(() => null),
    );
    const call = failure(() => instance.callSuspending(0, []));
    await sleep(20);
    instance.stop();
    expect(await call).toBe('INSTANCE_STOPPED');
  });

  it('calls after its result is given is of no use afterwards, and nothing of the call gets out', async () => {
    const asked: number[] = [];
    const parts = { ...ASK, go: '(call $return) (i32.const 1)', resume: '(drop (call $ask)) (i32.const 0)' };
    const instance = (await codeOf(component(parts))).instantiate(hostOf((index) => asked.push(index)));
    expect(await failure(() => instance.callSuspending(0, []))).toBe('none');
    await sleep(50);
    expect(asked).toEqual([]);
    expect(await failure(() => instance.callSuspending(0, []))).toMatch(/^(CALL_OUTSIDE|INSTANCE_STOPPED|GUEST_TRAP)$/);
  });

  it('behaves is left in peace', async () => {
    const instance = (await codeOf(component({ ...ASK, go: WAIT_FOR_ASK }))).instantiate(hostOf(() => sleep(1)));
    for (let i = 0; i < 3; i++) expect(await failure(() => instance.callSuspending(0, []))).toBe('none');
  });

  it('traps when it is made has trapped', async () => {
    const code = await codeOf(component({ more: '(func $boom unreachable) (start $boom)' }));
    expect(await failure(() => code.instantiate(hostOf(() => sleep(1))))).toBe('GUEST_TRAP');
  });

  it('calls when it is made has trapped', async () => {
    const code = await codeOf(component({ ...ASK, more: '(func $early (drop (call $ask))) (start $early)' }));
    expect(await failure(() => code.instantiate(hostOf(() => sleep(1))))).toBe('GUEST_TRAP');
  });

  it('catches the failure of an import fails all the same', async () => {
    const parts = { ...ASK, go: `(drop (call $ask)) (call $return) (i32.const 0)` };
    const instance = (await codeOf(component(parts))).instantiate(hostOf(() => Promise.reject(new Error('denied'))));
    expect(await failure(() => instance.callSuspending(0, []))).toBe('foreign: Error: denied');
  });

  it('begins calls without end has trapped', async () => {
    const parts = { ...ASK, go: '(loop (drop (call $ask)) (br 0)) (i32.const 0)' };
    let asked = 0;
    let release = () => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const instance = (await codeOf(component(parts))).instantiate(
      hostOf(() => {
        asked += 1;
        if (asked === 256) setTimeout(release, 20);
        return gate;
      }),
    );
    expect(await failure(() => instance.callSuspending(0, []))).toBe('GUEST_TRAP');
    expect(asked).toBe(256);
  }, 20_000);

  it('grows its memory stays within its limit', async () => {
    const grow = (pages: number) =>
      component({
        more: '(memory 1)',
        go: `(if (i32.eq (i32.const -1) (memory.grow (i32.const ${pages}))) (then unreachable)) (call $return) (i32.const 0)`,
      });
    const within = (await codeOf(grow(15))).instantiate(hostOf(() => null));
    expect(await failure(() => within.callSuspending(0, []))).toBe('none');
    const beyond = (await codeOf(grow(16))).instantiate(hostOf(() => null));
    expect(await failure(() => beyond.callSuspending(0, []))).toBe('GUEST_TRAP');
    expect(await failure(() => codeOf(component({ more: '(memory 17)' })))).toBe('LIMIT_MEMORY_INITIAL');
  });
});

describe('a component is refused when it is loaded', () => {
  /** The core module's import, and what serves it, under a hostile name. */
  const named = (name: string) =>
    component({
      before: WAITING,
      given: `(export "${name}" (func $set-new))`,
      imports: `(import "" "${name}" (func (result i32)))`,
    });

  it.each([
    "'+globalThis.process.exit()+'",
    "a'",
    'a\\\\',
    'a\\nb',
    'a\\u{2028}b',
    '`',
    '\\u{24}{process}',
    'a*/b',
    'process.exit()',
    '<!--',
    'a b',
    'é',
    '__proto__',
  ])('for the name %s, which jco would write into its script as it is', async (name) => {
    expect(await failure(() => codeOf(named(name)))).toBe('LOAD_ASYNC_NAME');
    const exported = component({ more: `(func (export "${name}"))` });
    expect(await failure(() => codeOf(exported))).toBe('LOAD_ASYNC_NAME');
  });

  it.each([
    '[waitable-set-new]',
    'cm32p2|test:wait/slow@1.0.0',
    '[async-lower][method]a.b',
    'constructor',
    '$root',
    'a/b#c',
  ])('but not for the name %s, as toolchains give', async (name) => {
    const instance = (await codeOf(named(name))).instantiate(hostOf(() => null));
    expect(await failure(() => instance.callSuspending(0, []))).toBe('none');
  });

  it('and what it calls its parts is not in the script', async () => {
    const wat = component({ more: '(func $pwned-in-a-name-section (param $pwned i32))' });
    expect(await failure(() => codeOf(wat))).toBe('none');
  });

  it.each([
    ['a stream of nothing', '(type $t (stream)) (import "f" (func async (param "s" $t)))'],
    ['a stream of options', '(type $o (option u8)) (type $t (stream $o)) (import "f" (func async (param "s" $t)))'],
    ['a stream of streams', '(type $s (stream u8)) (type $t (stream $s)) (import "f" (func async (param "s" $t)))'],
    ['a future of a stream', '(type $s (stream u8)) (type $t (future $s)) (import "f" (func async (result $t)))'],
    ['a list of fixed length', '(type $f (list u8 4)) (import "f" (func async (param "l" $f)))'],
    [
      'nested options',
      '(type $o (option u8)) (type $p (option $o)) (type $q (option $p)) (import "f" (func async (param "o" $q)))',
    ],
    ['a handle', '(import "r" (type $r (sub resource))) (import "f" (func async (param "r" (own $r))))'],
  ])('for %s in a type', async (_, before) => {
    expect(await failure(() => codeOf(component({ before })))).toBe('LOAD_ASYNC_TYPE');
  });
});

describe('a script', () => {
  const world = {
    imports: [
      {
        interface: null,
        name: 'ask',
        id: 'ask',
        type: {
          params: [{ name: 'a', type: { kind: 'list', element: { kind: 'string' } } }],
          result: { kind: 'list', element: { kind: 'string' } },
          async: true,
        },
      },
    ],
    exports: [
      {
        interface: null,
        name: 'go',
        id: 'go',
        type: {
          params: [{ name: 'a', type: { kind: 'list', element: { kind: 'u8' } } }],
          result: { kind: 'string' },
          async: true,
        },
      },
    ],
    resources: [],
  } as const;
  const EMPTY = new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);

  /** What `body`, an async function of `arg`, `ask` and `module` in a script, gives. */
  async function inRealm(body: string): Promise<unknown> {
    const code = makeJcoCode({
      world,
      sha256: '',
      limits: LIMITS,
      modules: [{ name: 'm', count: 1, module: await WebAssembly.compile(EMPTY) }],
      source: `(getModule, imports, makeInstance) => {
        const module = getModule('m'); const ask = imports.ask.default;
        return { go: async (arg) => { ${body} } };
      }`,
    });
    return await code.instantiate(hostOf((_, [texts]) => texts)).callSuspending(0, [Uint8Array.of(1, 2)]);
  }

  it.each([
    ['what it is given', 'arg'],
    ['an answer', 'await ask(["a"])'],
    ['a promise', 'ask(["a"])'],
    ['an import', 'ask'],
    ['a core module', 'module'],
    ['an instance', 'makeInstance(module, {})'],
    ['its exports', 'makeInstance(module, {}).exports'],
    ['a timer', 'setTimeout'],
    ['what a timer gives', 'Object(setTimeout(() => {}, 0))'],
    ['a decoder', 'new TextDecoder()'],
    ['an encoder', 'new TextEncoder()'],
    ['the console', 'console'],
    ['an error of ours', 'await (async () => { try { await ask(5); } catch (error) { return error; } })()'],
    [
      'a text that is none',
      '(() => { try { new TextDecoder().decode(Uint8Array.of(255)); } catch (error) { return error; } })()',
    ],
    ['the global object', 'globalThis'],
    ['whoever called it', '(function f() { return f.caller ?? f; })()'],
  ])('reaches nothing of ours through %s', async (_, expression) => {
    const body = `
      const seen = new Set(); const found = [];
      const here = new Set([Function.prototype, Object.prototype]);
      const visit = (value, depth) => {
        if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return;
        if (seen.has(value) || depth > 6) return;
        seen.add(value);
        try { if (value.constructor?.constructor?.('return typeof process')() === 'object') found.push('process'); } catch {}
        for (let of = Object.getPrototypeOf(value); of !== null; of = Object.getPrototypeOf(of)) {
          if (Object.getPrototypeOf(of) === null && of !== Object.prototype && of !== Reflect) found.push('a foreign prototype');
          visit(of, depth + 1);
        }
        for (const key of Reflect.ownKeys(value)) { try { visit(value[key], depth + 1); } catch {} }
      };
      visit(${expression}, 0);
      return found.join();`;
    expect(['', 'GUEST_TRAP']).toContain(await inRealm(body).catch((error: { code?: string }) => error.code));
  });

  it.each([
    'typeof process + typeof require + typeof fetch + typeof Buffer + typeof module.constructor',
    'await import("node:fs").then(() => "imported", () => "no")',
    'await (async () => { try { return String(Function("return 1")()); } catch { return "no"; } })()',
    'await (async () => { try { return String((0, eval)("1")); } catch { return "no"; } })()',
  ])('cannot have %s', async (expression) => {
    expect(await inRealm(`return ${expression};`)).toMatch(/^(?:no|(?:undefined)+)$/);
  });

  it('cannot instantiate a module more often than was announced', async () => {
    expect(await inRealm('makeInstance(module, {}); return "once";')).toBe('once');
    expect(await failure(() => inRealm('makeInstance(module, {}); makeInstance(module, {}); return "";'))).toBe(
      'GUEST_TRAP',
    );
  });
});
