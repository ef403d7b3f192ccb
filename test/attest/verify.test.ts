import { createHmac, createPublicKey, generateKeyPairSync, sign, type webcrypto } from 'node:crypto';
import jwt from 'jsonwebtoken';
import { beforeAll, describe, expect, it } from 'vitest';
import { makeEvidence } from '../../src/attest/evidence.ts';
import { type Launch, makeLaunch } from '../../src/attest/launch.ts';
import { Platform } from '../../src/attest/platform.ts';
import { openProvision, sealTo } from '../../src/attest/provision.ts';
import { verifyEvidence } from '../../src/index.ts';
import { NONCE } from '../../src/suite/cases/vault.ts';
import { codeOf, makeFolder } from '../arena.ts';

const NOW_MS = 1_790_000_000_000;
const MEASUREMENT = '0f'.repeat(32);
const RUNTIME = { version: '0.1.0', node: '26.10.0', nowMs: () => NOW_MS };
const what = {
  compartment: 'vault',
  measurement: MEASUREMENT,
  debug: false,
  signer: null,
  version: null,
  sha256: 'a'.repeat(64),
};

let platform: Platform;
let launch: Launch;
let evidence: string;
let expected: Parameters<typeof verifyEvidence>[1];

beforeAll(async () => {
  platform = new Platform(`${makeFolder()}/state`);
  launch = await makeLaunch(what);
  evidence = await makeEvidence(platform, RUNTIME, { nonce: NONCE, launches: [launch], origin: 'host' });
  expected = { key: platform.publicJwk, nonce: NONCE, measurements: { vault: MEASUREMENT }, nowMs: NOW_MS };
});

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
/** With the platform's own key: what a platform that lies, or another version, could say. */
function signed(claims: object, header: object = { alg: 'ES256', typ: 'eat+jwt' }): string {
  const text = `${part(header)}.${part(claims)}`;
  const signature = sign('sha256', Buffer.from(text), { key: platform.signingKey, dsaEncoding: 'ieee-p1363' });
  return `${text}.${signature.toString('base64url')}`;
}

describe('evidence', () => {
  it('is a JWT with the claims of RFC 9711 to a library that knows nothing of it', () => {
    const key = createPublicKey({ key: platform.publicJwk as webcrypto.JsonWebKey, format: 'jwk' });
    const options = { algorithms: ['ES256' as const], clockTimestamp: NOW_MS / 1_000, complete: true as const };
    const { header, payload } = jwt.verify(evidence, key, options);
    expect(header).toEqual({ alg: 'ES256', typ: 'eat+jwt' });
    expect(payload).toEqual({
      eat_profile: 'tag:cofferdam,2026:eat/software-modelled-no-hardware-root/1',
      eat_nonce: NONCE,
      ueid: platform.ueid,
      dbgstat: 'disabled-since-boot',
      swname: 'cofferdam',
      swversion: ['0.1.0'],
      cofferdam: { node: '26.10.0', origin: 'host' },
      iat: NOW_MS / 1_000,
      exp: NOW_MS / 1_000 + 300,
      submods: {
        vault: {
          measurements: [[50, JSON.stringify({ 'cofferdam-measurement-sha256': MEASUREMENT })]],
          dbgstat: 'disabled-since-boot',
          cnf: { jwk: launch.publicKey },
          cofferdam: { code: 'a'.repeat(64) },
        },
      },
    });
    expect(Buffer.from(platform.ueid, 'base64url')).toHaveLength(33);
  });

  it('is taken with what was expected', async () => {
    const { compartments } = await verifyEvidence(evidence, expected);
    expect(compartments.get('vault')).toEqual({
      compartment: 'vault',
      measurement: MEASUREMENT,
      debug: false,
      key: launch.publicKey,
    });
    const several = { ...expected, measurements: { vault: ['1'.repeat(64), MEASUREMENT] } };
    expect((await verifyEvidence(evidence, several)).version).toBe('0.1.0');
  });

  it.each<[string, string, () => unknown, (() => object)?]>([
    ['another nonce', 'EVIDENCE_NONCE', () => evidence, () => ({ nonce: `${NONCE}x` })],
    [
      'another measurement',
      'EVIDENCE_MEASUREMENT',
      () => evidence,
      () => ({ measurements: { vault: '1'.repeat(64) } }),
    ],
    ['no measurement', 'EVIDENCE_MEASUREMENT', () => evidence, () => ({ measurements: { vault: [] } })],
    ['another compartment', 'EVIDENCE_TARGET', () => evidence, () => ({ measurements: { toString: MEASUREMENT } })],
    ['another time', 'EVIDENCE_STALE', () => evidence, () => ({ nowMs: NOW_MS + 331_000 })],
    ['a time before', 'EVIDENCE_STALE', () => evidence, () => ({ nowMs: NOW_MS - 31_000 })],
    ['a lower age', 'EVIDENCE_STALE', () => evidence, () => ({ nowMs: NOW_MS + 41_000, maxAgeSeconds: 10 })],
    ['a key of another platform', 'EVIDENCE_SIGNATURE', () => evidence, () => ({ key: newKey('P-256') })],
    ['a key of another curve', 'EVIDENCE_SIGNATURE', () => evidence, () => ({ key: newKey('P-384') })],
    [
      'a private key',
      'EVIDENCE_SIGNATURE',
      () => evidence,
      () => ({ key: platform.signingKey.export({ format: 'jwk' }) }),
    ],
    ['a secret', 'EVIDENCE_SIGNATURE', () => evidence, () => ({ key: { kty: 'oct', k: 'AAAA' } })],
    ['what is no text', 'EVIDENCE_MALFORMED', () => ({ evidence })],
    ['too much text', 'EVIDENCE_MALFORMED', () => 'a'.repeat(1_048_577)],
    ['no JWT', 'EVIDENCE_MALFORMED', () => 'a.b.c'],
    [
      'a changed claim',
      'EVIDENCE_SIGNATURE',
      () => evidence.replace(/\.[^.]+\./, `.${part({ ...claimsOf(evidence), dbgstat: 'disabled' })}.`),
    ],
    [
      'no signature',
      'EVIDENCE_SIGNATURE',
      () => `${part({ alg: 'none', typ: 'eat+jwt' })}.${part(claimsOf(evidence))}.`,
    ],
    ['a MAC with the public key', 'EVIDENCE_SIGNATURE', () => macOf(claimsOf(evidence))],
    [
      'a token for something else',
      'EVIDENCE_MALFORMED',
      () => signed(claimsOf(evidence), { alg: 'ES256', typ: 'JWT' }),
    ],
    ['another profile', 'EVIDENCE_PROFILE', () => signed({ ...claimsOf(evidence), eat_profile: 'urn:x' })],
    [
      'a debug status that is none',
      'EVIDENCE_DEBUG',
      () => signed({ ...claimsOf(evidence), dbgstat: 'disabled-fully' }),
    ],
    ['no submodules', 'EVIDENCE_MALFORMED', () => signed({ ...claimsOf(evidence), submods: [] })],
    [
      'a submodule that is none',
      'EVIDENCE_MALFORMED',
      () => signed({ ...claimsOf(evidence), submods: { vault: 'x' } }),
    ],
    ['a submodule without a key', 'EVIDENCE_MALFORMED', () => withSubmodule({ cnf: undefined })],
    [
      'a key to seal to that is none',
      'EVIDENCE_MALFORMED',
      () => withSubmodule({ cnf: { jwk: { kty: 'OKP', crv: 'X25519', x: 'AA' } } }),
    ],
    ['a measurement in another format', 'EVIDENCE_MALFORMED', () => withSubmodule({ measurements: [[60, 'x']] })],
    ['a measurement that is no JSON', 'EVIDENCE_MALFORMED', () => withSubmodule({ measurements: [[50, '{']] })],
  ])('is refused with %s', async (_, code, token, more = () => ({})) => {
    expect(await codeOf(() => verifyEvidence(token(), { ...expected, ...more() }))).toBe(code);
  });
});

describe('a secret', () => {
  it('is opened by the launch that it was sealed to', async () => {
    const sealed = await sealTo(
      { ...what, key: launch.publicKey },
      { name: 'k', secret: 'hunter2', label: { secrecy: ['a'] } },
    );
    const opened = await openProvision(launch, sealed);
    expect({ ...opened, secret: Buffer.from(opened.secret).toString() }).toEqual({
      name: 'k',
      secret: 'hunter2',
      label: { secrecy: ['a'], integrity: [] },
    });
    expect(sealed).not.toContain('hunter2');
  });

  it.each<[string, () => Promise<unknown>]>([
    [
      'another launch of the same code',
      async () => sealTo({ ...what, key: (await makeLaunch(what)).publicKey }, { name: 'k', secret: 's' }),
    ],
    [
      'the same key as something else',
      () => sealTo({ ...what, measurement: '1'.repeat(64), key: launch.publicKey }, { name: 'k', secret: 's' }),
    ],
    [
      'the same key under another name',
      () => sealTo({ ...what, compartment: 'other', key: launch.publicKey }, { name: 'k', secret: 's' }),
    ],
    ['nothing', async () => ''],
    ['nobody', async () => 'AAAA'.repeat(100)],
    ['too much', async () => 'AAAA'.repeat(100_000)],
    ['no text', async () => 7],
  ])('is not opened that was sealed to %s', async (_, seal) => {
    expect(await codeOf(async () => openProvision(launch, await seal()))).toBe('PROVISION_REFUSED');
  });

  it.each([
    ['has no name', { name: '', secret: 's' }],
    ['has a name outside the grammar', { name: '../k', secret: 's' }],
    ['is too large', { name: 'k', secret: new Uint8Array(65_537) }],
  ])('is refused that %s', async (_, secret) => {
    expect(await codeOf(() => sealTo({ ...what, key: launch.publicKey }, secret))).toBe('PROVISION_SECRET');
  });
});

function withSubmodule(change: object): string {
  const claims = claimsOf(evidence);
  return signed({ ...claims, submods: { vault: { ...claims.submods.vault, ...change } } });
}

function newKey(namedCurve: string): object {
  return generateKeyPairSync('ec', { namedCurve }).publicKey.export({ format: 'jwk' });
}

/** The oldest trick: the verifier takes the public key for the secret of a MAC. */
function macOf(claims: object): string {
  const text = `${part({ alg: 'HS256', typ: 'eat+jwt' })}.${part(claims)}`;
  const pem = createPublicKey({ key: platform.publicJwk as webcrypto.JsonWebKey, format: 'jwk' }).export({
    type: 'spki',
    format: 'pem',
  });
  return `${text}.${createHmac('sha256', pem).update(text).digest('base64url')}`;
}
