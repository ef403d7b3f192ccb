import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Case } from '../../src/suite/case.ts';

/*
 * Would the suite notice a host of which another part is broken than its rule table (see broken-host.test.ts)? Each of these
 * demands is dropped from a host in turn, and the case that is about it must find what comes through. What is held twice is not
 * among them: that who caught a failure goes no further is a matter of the chain and of the turnstile, each of which suffices.
 */

/** A module as it is imported; functions of any kind. */
// biome-ignore lint/complexity/noBannedTypes: what a module exports is called here as it is there
type Exports = Record<string, Function & { prototype: Record<string, unknown> }>;

interface Broken {
  readonly demand: string;
  /** Below src. */
  readonly file: string;
  /** What the module exports then, in place of what it did. Methods are taken from a class where it stands. */
  readonly change: (real: Exports) => object;
  /** The case that must find it. */
  readonly found: number;
}

/** A class without what a method of it demands. */
function without(real: Exports, name: string, method: string): object {
  const type = real[name];
  if (typeof type?.prototype[method] !== 'function') throw new Error(`There is no ${name}.${method}.`);
  type.prototype[method] = () => undefined;
  return {};
}

/** An object as it is but for some methods. */
function but<T extends object>(whole: T, changes: Partial<T>): T {
  return new Proxy(whole, {
    get(target, key) {
      if (key in changes) return changes[key as keyof T];
      const value = Reflect.get(target, key, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

/** What the evidence itself says, whoever signed it. */
const claimsOf = (evidence: unknown) =>
  JSON.parse(Buffer.from(String(evidence).split('.')[1] ?? '', 'base64url').toString());

const verifying = (demand: string, expectation: (claims: { eat_nonce: string }) => object, found: number): Broken => ({
  demand,
  file: 'attest/verify.ts',
  change: ({ verifyEvidence }) => ({
    verifyEvidence: (evidence: unknown, expected: object) =>
      verifyEvidence?.(evidence, { ...expected, ...expectation(claimsOf(evidence)) }),
  }),
  found,
});

const BROKEN: readonly Broken[] = [
  {
    demand: 'another manifest has another measurement',
    file: 'attest/measure.ts',
    change: () => ({ measure: () => '0'.repeat(64) }),
    found: 47,
  },
  {
    demand: 'an enclave gets no privilege while it runs',
    file: 'host/enclaves.ts',
    change: (real) => without(real, 'Enclaves', 'assertGrantable'),
    found: 47,
  },
  verifying('a debug build is not taken', () => ({ allowDebug: true }), 48),
  verifying('evidence answers a nonce', (claims) => ({ nonce: claims.eat_nonce }), 49),
  verifying('evidence is of now', () => ({ nowMs: Date.now() }), 49),
  {
    demand: 'sealed data is for its label',
    file: 'attest/seal.ts',
    change: ({ unseal }) => ({
      unseal: (platform: object, sealer: object, sealed: Uint8Array) => unseal?.(platform, sealer, sealed, () => true),
    }),
    found: 50,
  },
  {
    demand: 'sealed data is the latest',
    file: 'attest/seal.ts',
    change: ({ unseal }) => ({
      unseal: (platform: { count(): number }, sealer: object, sealed: Uint8Array, isReadable: () => boolean) => {
        const count = () => Number(Buffer.from(sealed).readBigUInt64BE(5));
        return unseal?.(but(platform, { count }), sealer, sealed, isReadable);
      },
    }),
    found: 50,
  },
  {
    demand: 'an enclave tells its failures to nobody',
    file: 'compartment/enclave.ts',
    change: () => ({ makeEnclaveCode: (code: object) => code }),
    found: 51,
  },
  {
    demand: 'a control socket takes the place of nothing',
    file: 'host/control/folder.ts',
    change: () => ({ socketAt: () => null }),
    found: 66,
  },
  {
    demand: 'a start function is not entered again and again',
    file: 'broker/lifecycle.ts',
    change: (real) => without(real, 'Lifecycle', 'assertMayStart'),
    found: 65,
  },
  {
    demand: 'both ends of a link agree on types',
    file: 'wasm/subtype.ts',
    change: () => ({ explainMismatch: () => null }),
    found: 31,
  },
  {
    demand: 'a handle is of the type that is asked for',
    file: 'abi/handles.ts',
    change: (real) => {
      const type = real.HandleTable;
      const get = type?.prototype.get as ((index: number, resource: number) => unknown) | undefined;
      if (type === undefined || get === undefined) throw new Error('There is no HandleTable.get.');
      type.prototype.get = function anyType(this: object, index: number) {
        for (const resource of [0, 1, 2]) {
          try {
            return get.call(this, index, resource);
          } catch {
            // of another type
          }
        }
        throw new Error(`no handle ${index}`);
      };
      return {};
    },
    found: 27,
  },
  {
    demand: 'nothing happens before it is in the journal',
    file: 'audit/journal.ts',
    change: ({ openJournal }) => ({
      openJournal: (options: object) => {
        const journal = openJournal?.(options);
        return but(journal, { appendDurable: (event: object) => journal.append(event) });
      },
    }),
    found: 56,
  },
  ...[52, 53, 54, 55].map((found) => ({
    demand: 'a journal is what it was',
    file: 'audit/verify.ts',
    change: ({ verifyJournal }: Exports) => ({
      verifyJournal: (...args: unknown[]) => ({ ...verifyJournal?.(...args), ok: true, problems: [] }),
    }),
    found,
  })),
];

let mocked: string | null = null;
afterEach(() => {
  if (mocked !== null) vi.doUnmock(mocked);
});

/** The outcome of a case on a host without this demand: all modules anew. */
async function outcomeOf({ file, change, found }: Broken): Promise<string | undefined> {
  vi.resetModules();
  mocked = `../../src/${file}`;
  vi.doMock(mocked, async (original) => {
    const real = await original<Exports>();
    return { ...real, ...change(real) };
  });
  const { CASES } = await import('../../src/suite/all-cases.ts');
  const { tryCase } = await import('../../src/suite/verdict.ts');
  const tried = (CASES as readonly Case[]).find(({ number }) => number === found);
  return tried && (await tryCase(tried, {})).outcome;
}

describe('a host that no longer demands that', () => {
  it.each(BROKEN)('$demand is found by case $found', async (broken) => {
    expect(await outcomeOf(broken)).toBe('breach');
  });
});
