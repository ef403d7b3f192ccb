import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { typedCompartment } from '../../src/host/typed.ts';
import { createHost, isCofferdamError } from '../../src/index.ts';
import type { FuncType, World } from '../../src/wasm/types.ts';

interface Greet {
  greet(name: string, options?: object): Promise<{ value: string; label: { secrecy: readonly string[] } }>;
  total(...args: unknown[]): Promise<{ value: number }>;
}

const STARTER = join(import.meta.dirname, '../../guests/starter/');
const MANIFEST = {
  version: 1,
  principals: { me: {} },
  tags: { 'customer:*': { kind: 'secrecy', owner: 'me' } },
  compartments: {
    greet: { wasm: './greet.wasm', abi: 'assemblyscript', wit: './greet.wit', clearance: { secrecy: ['customer:*'] } },
  },
};

async function codeOf(run: () => unknown): Promise<string | null> {
  try {
    await run();
    return null;
  } catch (error) {
    if (isCofferdamError(error)) return error.code;
    throw error;
  }
}

describe('a compartment as an object', () => {
  it('calls its exports, with options behind the arguments', async () => {
    await using host = await createHost(MANIFEST, { baseDir: STARTER });
    const guest = host.compartment<Greet>('greet');
    const reply = await guest.greet('Ada', { label: { secrecy: ['customer:acme'] } });
    expect([reply.value, reply.label.secrecy]).toEqual(['Hello, Ada!', ['customer:acme']]);
    expect((await guest.total([1, 2], { label: {} })).value).toBe(3);
  });

  it('refuses what `call` refuses, and arguments behind the options', async () => {
    await using host = await createHost(MANIFEST, { baseDir: STARTER });
    const guest = host.compartment<Greet>('greet');
    expect(await codeOf(() => guest.greet('Ada'))).toBe('LABEL_MISSING');
    expect(await codeOf(() => guest.total())).toBe('ARGUMENT_COUNT');
    expect(await codeOf(() => guest.total([1], { label: {} }, 'more'))).toBe('ARGUMENT_COUNT');
    expect(await codeOf(() => guest.total('1', { label: {} }))).toBe('ARGUMENT_TYPE');
    expect(await codeOf(() => host.compartment('nobody'))).toBe('TARGET_UNKNOWN');
  });

  it('groups by interface what would have one name', async () => {
    const calls: string[] = [];
    const world = worldWith(['a:b/one#check', 'a:b/two#check', 'a:b/two#run-it', 'check']);
    const guest = typedCompartment(recordingHost(calls), 'guest', world);
    expect(Object.keys(guest)).toEqual(['runIt', 'check', 'a:b/one', 'a:b/two']);
    const { runIt, 'a:b/two': two } = guest as Record<string, unknown>;
    await (runIt as () => Promise<unknown>)();
    await (two as Record<string, () => Promise<unknown>>).check?.();
    expect(calls).toEqual(['guest.a:b/two#run-it', 'guest.a:b/two#check']);
  });
});

describe('hostile export names', () => {
  const names = ['then', 'to-string', 'value-of', 'to-json', '__proto__', 'constructor', 'has-own-property'];

  it('are methods and nothing else', async () => {
    const calls: string[] = [];
    const guest = typedCompartment(recordingHost(calls), 'guest', worldWith(names));
    expect(Object.getPrototypeOf(guest)).toBeNull();
    expect(Object.isFrozen(guest)).toBe(true);
    expect(Object.keys(guest)).toHaveLength(names.length);
    // An object with a `then` is called by `await`, one with a `toString` by a template.
    expect(await guest).toBe(guest);
    expect(() => `${String(guest)}`).toThrow(TypeError);
    expect(calls).toEqual([]);
    expect(Object.getOwnPropertyNames({})).toEqual([]);
  });
});

/** Names are all that is looked at here, so nothing is run. */
function recordingHost(calls: string[]): Parameters<typeof typedCompartment>[0] {
  return {
    call: async (target) => {
      calls.push(target);
      return { value: undefined as never, label: { id: 0, secrecy: [], integrity: [] }, message: 0 };
    },
  };
}

function worldWith(ids: readonly string[]): World {
  const type: FuncType = { params: [], result: null, async: false };
  const exports = ids.map((id) => {
    const [owner, name] = id.includes('#') ? id.split('#') : [null, id];
    return { interface: owner ?? null, name: name ?? '', id, type };
  });
  return { imports: [], exports, resources: [] };
}
