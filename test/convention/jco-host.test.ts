import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createHost, type Host, queryEvents } from '../../src/index.ts';
import { codeOf, makeFolder, manifestOf } from '../arena.ts';
import { sleep } from './jco-support.ts';

const GUESTS = new URL('../../guests/', import.meta.url);
const acme = { secrecy: ['customer:acme'] };
const globex = { secrecy: ['customer:globex'] };
const clearance = { secrecy: ['customer:*'] };
const open: Host[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((host) => host.close()));
});

interface Setting {
  /** What the function of the program does. */
  readonly slow?: (key: string) => unknown;
  /** More keys of the manifest. */
  readonly more?: object;
  /** Of the function of the program. */
  readonly label?: object;
}

/** Async guests by the names of their compartments: `relay` unless they say otherwise. */
async function hostWith(guests: Readonly<Record<string, object>>, links: readonly string[], setting: Setting = {}) {
  const { slow = (key: string) => `<${key}>`, more = {}, label = {} } = setting;
  const folder = makeFolder();
  for (const name of ['relay', 'both']) {
    copyFileSync(new URL(`${name}/${name}.wasm`, GUESTS), join(folder, `${name}.wasm`));
  }
  const named = Object.entries(guests).map(([name, given]) => [
    name,
    { wasm: './relay.wasm', resources: ['slow'], clearance, ...given },
  ]);
  const manifest = {
    ...manifestOf({ compartments: {}, ...more }, folder),
    compartments: Object.fromEntries(named),
    links: links.map((link) => {
      const [from, to] = link.split(' -> ');
      return { from, import: 'test:wait/slow', to };
    }),
    resources: { slow: { function: true, label } },
  };
  const host = await createHost(manifest, { baseDir: folder, resources: { slow: (key) => slow(String(key)) } });
  open.push(host);
  return { host, folder };
}

describe('an async compartment', () => {
  it('awaits a function of the program', async () => {
    const slow = async (key: string) => {
      await sleep(5);
      return `${key}!`;
    };
    const { host } = await hostWith({ relay: {} }, ['relay -> slow'], { slow });
    expect((await host.call('relay.relay', ['a'], { label: {} })).value).toBe('a!');
  });

  it('awaits another async compartment, and each crossing is in the journal', async () => {
    const setting = { label: acme, more: { audit: { path: './audit.db' } } };
    const { host, folder } = await hostWith({ first: {}, second: {} }, ['first -> second', 'second -> slow'], setting);
    const reply = await host.call<string>('first.relay', ['a'], { label: acme });
    expect([reply.value, reply.label.secrecy]).toEqual(['<a>', ['customer:acme']]);
    await host.close();
    const kinds = [...queryEvents(join(folder, 'audit.db'))].map((event) =>
      'message' in event ? `${event.kind} ${event.message}` : event.kind,
    );
    expect(kinds.filter((kind) => /^(call|write|read|reply)/.test(kind))).toEqual([
      'call 1',
      'call 2',
      'write 3',
      'read 3',
      'reply 2',
      'reply 1',
    ]);
  });

  it('cannot tell a secret to what may not know it, at any label of its own', async () => {
    const { host } = await hostWith({ relay: {} }, ['relay -> slow']);
    expect(await codeOf(() => host.call('relay.relay', ['a'], { label: acme }))).toBe('FLOW_DENIED');
    expect(await codeOf(() => host.call('relay.relay', ['a'], { label: {} }))).toBeUndefined();
    expect(await codeOf(() => host.call('relay.relay', ['a'], { label: globex }))).toBe('FLOW_DENIED');
    const [{ instances } = { instances: [] }] = host.compartments();
    expect(instances.map(({ label }) => label.secrecy)).toEqual([[]]);
  });

  it('asks two at once; of one compartment only if each call gets an instance', async () => {
    const links = ['both -> relay', 'relay -> slow'];
    const both = { wasm: './both.wasm' };
    const shared = await hostWith({ both, relay: {} }, links);
    expect(await codeOf(() => shared.host.call('both.both', ['a', 'b'], { label: {} }))).toBe('CALL_REENTRANT');
    const apart = await hostWith({ both, relay: { instances: 'per-call' } }, links);
    expect((await apart.host.call('both.both', ['a', 'b'], { label: {} })).value).toEqual(['<a>', '<b>']);
  });

  it('goes on with a fresh instance after a failure', async () => {
    const slow = (key: string) => {
      if (key === 'bad') throw new Error('no');
      return key;
    };
    const { host } = await hostWith({ relay: {} }, ['relay -> slow'], { slow });
    expect(await codeOf(() => host.call('relay.relay', ['bad'], { label: {} }))).toBe('RESOURCE_FAILED');
    expect((await host.call('relay.relay', ['good'], { label: {} })).value).toBe('good');
  });

  it('is left at once when its caller gives up', async () => {
    const { host } = await hostWith({ relay: {} }, ['relay -> slow'], {
      slow: (key) => (key === 'never' ? new Promise(() => {}) : key),
    });
    const signal = AbortSignal.timeout(20);
    expect(await codeOf(() => host.call('relay.relay', ['never'], { label: {}, signal }))).toBe('CALL_ABORTED');
    expect((await host.call('relay.relay', ['next'], { label: {} })).value).toBe('next');
  });
});

describe('while an instance is suspended', () => {
  /** Two calls of one instance, the second made while the first waits; and how they end. */
  async function twoCalls(busy: object, limits: object = {}) {
    const order: string[] = [];
    const slow = async (key: string) => {
      order.push(key);
      await sleep(20);
      return key;
    };
    const { host } = await hostWith({ relay: busy }, ['relay -> slow'], { slow, more: { limits } });
    const first = host.call('relay.relay', ['first'], { label: {} });
    await sleep(5);
    const second = await codeOf(() => host.call('relay.relay', ['second'], { label: {} }));
    await first;
    return [second, order];
  }

  it('calls of the host wait, up to a limit', async () => {
    expect(await twoCalls({})).toEqual([undefined, ['first', 'second']]);
    expect(await twoCalls({ busy: 'queue' }, { waiting: 1 })).toEqual([undefined, ['first', 'second']]);
    expect(await twoCalls({ busy: 'queue' }, { waiting: 0 })).toEqual(['LIMIT_WAITING', ['first']]);
  });

  it('they are refused if the manifest says so', async () => {
    expect(await twoCalls({ busy: 'refuse' })).toEqual(['CALL_BUSY', ['first']]);
  });
});

describe('where the engine cannot suspend Wasm', () => {
  const { Suspending } = WebAssembly;
  afterEach(() => {
    Object.assign(WebAssembly, { Suspending });
  });

  it('an async component is refused when it is loaded', async () => {
    Object.assign(WebAssembly, { Suspending: undefined });
    expect(await codeOf(() => hostWith({ relay: {} }, ['relay -> slow']))).toBe('SUSPENSION_MISSING');
  });

  it('so is a guest with a link that has to wait, but not one whose links answer at once', async () => {
    const folder = makeFolder();
    const wit = 'world guest { import tell: func(n: u32); export go: func(); }';
    const wat = `(module (import "$root" "tell" (func $tell (param i32))) (func (export "go") (call $tell (i32.const 1))))`;
    const make = (post: boolean) => ({
      ...manifestOf({ compartments: { guest: { wit, wat, resources: ['log'] } } }, folder),
      links: [{ from: 'guest', import: 'tell', to: 'log', post }],
      resources: { log: { function: true } },
    });
    Object.assign(WebAssembly, { Suspending: undefined });
    const options = { baseDir: folder, resources: { log: () => {} } };
    expect(await codeOf(() => createHost(make(false), options))).toBe('SUSPENSION_MISSING');
    await using host = await createHost(make(true), options);
    expect(await codeOf(() => host.call('guest.go', [], { label: {} }))).toBeUndefined();
  });
});
