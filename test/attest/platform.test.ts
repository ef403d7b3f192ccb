import { execFile } from 'node:child_process';
import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { defaultStateDir, Platform } from '../../src/attest/platform.ts';
import { type Sealer, seal, sealedCount, unseal } from '../../src/attest/seal.ts';
import { codeOf, makeFolder } from '../arena.ts';

const SEALER: Sealer = {
  compartment: 'vault',
  measurement: '0f'.repeat(32),
  signer: null,
  version: null,
  debug: false,
};
const ACME = { secrecy: ['customer:acme'], integrity: [] };
const GLOBEX = { secrecy: ['customer:globex'], integrity: [] };
const DATA = new TextEncoder().encode('the state');
const everybody = () => true;

function open(folder = join(makeFolder(), 'a', 'state')): { platform: Platform; folder: string } {
  const platform = new Platform(folder);
  onTestFinished(() => platform.close());
  return { platform, folder };
}

describe('a platform', () => {
  it('keeps its secrets in one file that is its owner’s alone, and its counters', () => {
    const { platform, folder } = open();
    expect([
      platform.count('x'),
      platform.advance('x'),
      platform.advance('x'),
      platform.count('x'),
      platform.count('y'),
    ]).toEqual([0, 1, 2, 2, 0]);
    expect([statSync(folder).mode & 0o777, statSync(join(folder, 'platform.db')).mode & 0o777]).toEqual([0o700, 0o600]);
    const again = open(folder).platform;
    expect([again.ueid, again.publicJwk, again.count('x')]).toEqual([platform.ueid, platform.publicJwk, 2]);
    expect(open().platform.ueid).not.toBe(platform.ueid);
    expect(readFileSync(join(folder, 'platform.db')).includes(Buffer.from(platform.derive('p', 32)))).toBe(false);
  });

  it('is one for hosts that start together', async () => {
    const folder = join(makeFolder(), 'state');
    const script = `const { Platform } = await import(${JSON.stringify(join(import.meta.dirname, '../../src/attest/platform.ts'))});
      const platform = new Platform(${JSON.stringify(folder)}); for (let i = 0; i < 20; i++) platform.advance('x'); console.log(platform.ueid);`;
    const run = () => promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
    const ueids = (await Promise.all([run(), run(), run()])).map(({ stdout }) => stdout);
    expect(new Set(ueids).size).toBe(1);
    expect(open(folder).platform.count('x')).toBe(60);
  });

  it('is refused where others can read it, or where it is something else', async () => {
    const { platform, folder } = open();
    platform.advance('x');
    chmodSync(join(folder, 'platform.db'), 0o640);
    expect(await codeOf(() => new Platform(folder))).toBe('PLATFORM_STATE');
    const other = makeFolder();
    for (const content of ['not a database', Buffer.alloc(8192, 0xff)]) {
      writeFileSync(join(other, 'platform.db'), content, { mode: 0o600 });
      expect(await codeOf(() => new Platform(other))).toBe('PLATFORM_STATE');
    }
    expect(await codeOf(() => new Platform(join(other, 'platform.db')))).toBe('PLATFORM_STATE');
  });

  it('lies in the user’s state folder', () => {
    expect(defaultStateDir({ XDG_STATE_HOME: '/x' })).toBe('/x/cofferdam');
    expect(defaultStateDir({ XDG_STATE_HOME: 'x' })).toMatch(/\/\.local\/state\/cofferdam$/);
  });
});

describe('sealed data', () => {
  it('is read by the same launch again, and by later versions of a signer', () => {
    const { platform } = open();
    const sealed = seal(platform, SEALER, ACME, DATA);
    expect(unseal(platform, SEALER, sealed, everybody)).toEqual(DATA);
    expect(Buffer.from(sealed).includes('the state')).toBe(false);
    const signed: Sealer = { ...SEALER, signer: 'S', version: 2 };
    const bySigner = seal(platform, signed, ACME, DATA);
    expect(unseal(platform, { ...signed, version: 3, measurement: '1'.repeat(64) }, bySigner, everybody)).toEqual(DATA);
  });

  it.each<[string, Partial<Sealer>, string]>([
    ['another measurement', { measurement: '1'.repeat(64) }, 'invalid'],
    ['a signer', { signer: 'S', version: 9 }, 'invalid'],
  ])('is not read by %s', (_, change, error) => {
    const { platform } = open();
    const sealed = seal(platform, SEALER, ACME, DATA);
    expect(unseal(platform, { ...SEALER, ...change }, sealed, everybody)).toBe(error);
  });

  it.each<[string, Partial<Sealer>, string]>([
    ['an earlier version', { version: 1 }, 'newer-version'],
    ['another signer', { signer: 'T' }, 'invalid'],
    ['a debug build of the signer', { debug: true }, 'invalid'],
    ['another compartment of the signer', { compartment: 'other' }, 'invalid'],
    ['no signer', { signer: null, version: null }, 'invalid'],
  ])('of a signer is not read by %s', (_, change, error) => {
    const { platform } = open();
    const signed: Sealer = { ...SEALER, signer: 'S', version: 2 };
    expect(unseal(platform, { ...signed, ...change }, seal(platform, signed, ACME, DATA), everybody)).toBe(error);
  });

  it('is not read on another platform', () => {
    const sealed = seal(open().platform, SEALER, ACME, DATA);
    expect(unseal(open().platform, SEALER, sealed, everybody)).toBe('invalid');
  });

  it('is refused with any byte changed, cut or added', () => {
    const { platform } = open();
    const sealed = seal(platform, SEALER, ACME, DATA);
    for (let at = 0; at < sealed.length; at++) {
      const broken = sealed.slice();
      broken[at] = (broken[at] ?? 0) ^ 0x01;
      expect(unseal(platform, SEALER, broken, everybody), `byte ${at}`).toBe('invalid');
      expect(unseal(platform, SEALER, sealed.subarray(0, at), everybody), `cut at ${at}`).toBe('invalid');
    }
    expect(unseal(platform, SEALER, new Uint8Array([...sealed, 0]), everybody)).toBe('invalid');
  });

  it('is the latest of its label, and of no other', () => {
    const { platform } = open();
    const [first, other, second] = [ACME, GLOBEX, ACME].map((label) => seal(platform, SEALER, label, DATA));
    const read = (sealed: Uint8Array = new Uint8Array()) => unseal(platform, SEALER, sealed, everybody);
    expect([read(first), read(other), read(second)]).toEqual(['rolled-back', DATA, DATA]);
    const counts = [ACME, GLOBEX, { secrecy: [], integrity: [] }].map((label) => sealedCount(platform, SEALER, label));
    expect(counts).toEqual([2, 1, 0]);
  });

  it('asks who may read its label', () => {
    const { platform } = open();
    const asked: unknown[] = [];
    const sealed = seal(platform, SEALER, ACME, DATA);
    expect(unseal(platform, SEALER, sealed, (label) => asked.push(label) < 0)).toBe('wrong-label');
    expect(asked).toEqual([ACME]);
  });
});
