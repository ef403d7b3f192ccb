import { hash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { makeInlineCode } from '../../src/compartment/inline.ts';
import { linksOf } from '../../src/host/links.ts';
import { createHost, type HostFunction } from '../../src/index.ts';
import { parseManifest } from '../../src/policy/index.ts';
import { planComponent } from '../../src/wasm/index.ts';
import type { ValType } from '../../src/wasm/types.ts';
import { typeOfDepth, valuesOf } from '../abi/arbitrary.ts';
import { componentOfAll, hasFixedList, INTERFACE, isBeyondJco, transpile } from './differential.ts';
import { hostOf } from './forwarder.ts';

/*
 * The same component and the same values three ways: through lift and lower, through jco, and, linked to itself in a host,
 * through a fused crossing. The component hands its argument on to its import and the answer back, so that what the last
 * import saw and what the first export answered must be the value.
 */

/** Of the function for type `index`. */
type Run = (index: number, value: unknown) => Promise<Passage>;
type Passage = { readonly seen: unknown; readonly answer: unknown } | { readonly threw: unknown };

const ENGINES = ['lifted and lowered', 'fused', 'jco'] as const;
type Engine = (typeof ENGINES)[number];

export interface Difference {
  readonly engine: Engine;
  readonly type: ValType;
  readonly value: unknown;
  readonly passage: Passage;
}

export interface Comparison {
  readonly found: readonly Difference[];
  /** Types that went each way. */
  readonly types: Readonly<Record<Engine, number>>;
  /** Values that went each way, all types together. */
  readonly values: Readonly<Record<Engine, number>>;
}

/** Functions of one component: transpiling and compiling hundreds costs little more than one. */
const BATCH = 250;

/** Takes `types` random types, none of them twice, with `values` values each. */
export async function compareRuntimes(options: {
  readonly types: number;
  readonly values: number;
  readonly seed: number;
}): Promise<Comparison> {
  const { types, values, seed } = options;
  const found: Difference[] = [];
  const counts = { types: { ...NONE }, values: { ...NONE } };
  const all = distinctTypes(seed);
  for (let start = 0; start < types; start += BATCH) {
    const batch = Array.from({ length: Math.min(BATCH, types - start) }, () => all.next().value);
    const bytes = await componentOfAll(batch);
    const samples = batch.map((type) => fc.sample(valuesOf(type), { numRuns: values, seed: seed + start }));
    for (const engine of ENGINES) {
      await using running = await START[engine](bytes, batch.length);
      for (const [index, type] of batch.entries()) {
        if (engine === 'jco' && isBeyondJco(type)) continue;
        counts.types[engine] += 1;
        for (const value of samples[index] ?? []) {
          counts.values[engine] += 1;
          const passage = await running.run(index, value);
          if (!isFaithful(engine, value, passage)) found.push({ engine, type, value, passage });
        }
      }
    }
  }
  return { found, ...counts };
}

const NONE = { 'lifted and lowered': 0, fused: 0, jco: 0 };

/**
 * Without lists of fixed length: the tool that makes the components takes them for others in a signature, and jco does not
 * know them (`test/abi/fused` has them). And a function's own `result` is an exception in jco, and where a host is called.
 */
const SUITED = typeOfDepth(3).filter((type) => !hasFixedList(type) && type.kind !== 'result');

/** No type comes twice. Without an end. */
function* distinctTypes(seed: number): Generator<ValType, never, undefined> {
  const known = new Set<string>();
  for (let draw = seed; ; draw++) {
    for (const type of fc.sample(SUITED, { numRuns: 1000, seed: draw })) {
      const key = hash('sha1', JSON.stringify(type), 'base64');
      if (known.has(key)) continue;
      known.add(key);
      yield type;
    }
  }
}

interface Running extends AsyncDisposable {
  readonly run: Run;
}

const START: Readonly<Record<Engine, (bytes: Uint8Array, count: number) => Promise<Running>>> = {
  'lifted and lowered': async (bytes) => {
    const limits = { messageBytes: 1 << 20 };
    const code = await makeInlineCode({ plan: planComponent(bytes), bytes, sha256: '', limits });
    const at = new Map(code.world.exports.map(({ name }, index) => [name, index]));
    let seen: unknown;
    const make = () => code.instantiate(hostOf((_, [value]) => (seen = value)));
    let instance = make();
    return running(
      (index, value) => {
        seen = undefined;
        return { answer: instance.call(at.get(`pass${index}`) as number, [value]), seen };
      },
      () => {
        instance = make(); // what failed once is poisoned
      },
    );
  },

  jco: async (bytes, count) => {
    const instantiate = await transpile(bytes);
    let seen: unknown;
    const imports = Object.fromEntries(namesOf(count).map((name) => [name, (value: unknown) => (seen = value)]));
    const make = () =>
      instantiate({ [INTERFACE]: imports })[INTERFACE] as unknown as Record<string, (value: unknown) => unknown>;
    let api = make();
    return running(
      (index, value) => {
        seen = undefined;
        return { answer: api[`pass${index}`]?.(value), seen };
      },
      () => {
        api = make();
      },
    );
  },

  fused: async (bytes, count) => {
    const folder = await mkdtemp(join(tmpdir(), 'fused-'));
    await writeFile(join(folder, 'guest.wasm'), bytes);
    const env = { baseDir: folder, cacheDir: folder };
    await assertFused(env, count);
    let seen: unknown;
    const see: HostFunction = (value: unknown) => (seen = value);
    const resources = { last: Object.fromEntries(namesOf(count).map((name) => [name, see])) };
    const host = await createHost(PAIR, { ...env, resources });
    const end = async () => {
      await host.close();
      await rm(folder, { recursive: true });
    };
    return running(
      async (index, value) => {
        seen = undefined;
        return { answer: (await host.call(`first.${INTERFACE}#pass${index}`, [value], { label: {} })).value, seen };
      },
      () => undefined,
      end,
    );
  },
};

const namesOf = (count: number) => Array.from({ length: count }, (_, i) => `pass${i}`);

const PAIR = {
  version: 1,
  compartments: { first: { wasm: './guest.wasm' }, second: { wasm: './guest.wasm', resources: ['last'] } },
  resources: { last: { function: true } },
  links: [
    { from: 'first', import: INTERFACE, to: 'second' },
    { from: 'second', import: INTERFACE, to: 'last' },
  ],
};

/** All functions between the two are, or the comparison would say nothing. */
async function assertFused(env: { baseDir: string; cacheDir: string }, count: number): Promise<void> {
  const links = await linksOf(parseManifest(PAIR, env), env);
  const fused = links.filter(({ from, crossing }) => from === 'first' && crossing === 'generated Wasm');
  if (fused.length === count) return;
  const other = links.find(({ from, crossing }) => from === 'first' && crossing !== 'generated Wasm');
  throw new Error(`${count - fused.length} links are not fused: ${other?.import}, since ${other?.reason}`);
}

function running(
  pass: (index: number, value: unknown) => Passage | Promise<Passage>,
  renew: () => void,
  end: () => Promise<void> = async () => undefined,
): Running {
  return {
    run: async (index, value) => {
      try {
        return await pass(index, value);
      } catch (threw) {
        renew();
        return { threw };
      }
    },
    [Symbol.asyncDispose]: end,
  };
}

function isFaithful(engine: Engine, value: unknown, passage: Passage): boolean {
  if ('threw' in passage) return false;
  const expected = plain(engine, value);
  return [passage.seen, passage.answer].every((arrived) => isDeepStrictEqual(plain(engine, arrived), expected));
}

/**
 * Two ways to write one value are one: `{ tag }` and `{ tag, val: undefined }`. And what jco is known to get wrong: it
 * loses a byte order mark in front of a string (`TextDecoder` does, unless it is told not to).
 */
function plain(engine: Engine, value: unknown): unknown {
  if (typeof value === 'string') return engine === 'jco' ? value.replace(/^\uFEFF/, '') : value;
  if (Array.isArray(value)) return value.map((part) => plain(engine, part));
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  const parts = Object.entries(value).filter(([, part]) => part !== undefined);
  return Object.fromEntries(parts.map(([key, part]) => [key, plain(engine, part)]));
}
