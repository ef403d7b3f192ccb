import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { exportEvents, sealTo, verifyEvidence } from '../../src/index.ts';
import {
  FRANK_GUEST,
  measurementOf,
  NONCE,
  sealedBy,
  unsealed,
  VAULT,
  vaultArena,
} from '../../src/suite/cases/vault.ts';
import { makeHost } from '../arena.ts';

// What an enclave promises does not depend on where it runs.

const acme = { label: { secrecy: ['customer:acme'] } };
const globex = { label: { secrecy: ['customer:globex'] } };
const SECRET = 'Zebra-4111-1111';
const KINDS = ['inline', 'worker', 'process'] as const;

/** All that the host shows of a guest that was given a secret, printed it, trapped over it, and grew by it. */
async function shownOf(vault: object): Promise<{ text: string; code: string; memory: unknown }> {
  const host = await makeHost(vaultArena({}, { compartments: { vault }, audit: { path: './audit.db' } }));
  const events: unknown[] = [];
  for (const name of ['output', 'trap', 'started', 'stopped', 'limit'] as const) host.on(name, (e) => events.push(e));
  await host.call('vault.print', [SECRET], acme);
  await host.call('vault.grow', [3], acme);
  const memory = host.compartments().flatMap(({ instances }) => instances.map(({ memoryBytes }) => memoryBytes));
  const failure = await host.call('vault.fail', [SECRET], acme).catch((error: unknown) => error);
  host.checkpoint();
  const journal = [...exportEvents(host.journalPath ?? '')];
  const printed = events.map((event) => Buffer.from((event as { bytes?: Uint8Array }).bytes ?? []).toString());
  const options = { depth: 20, showHidden: true, getters: true };
  const text = inspect([host, host.compartments(), events, printed, failure, journal], options);
  await host.close();
  return { text, code: (failure as { code: string }).code, memory };
}

describe.each(KINDS)('an enclave of kind %s', { timeout: 60_000 }, (kind) => {
  it('gives evidence, gets a secret by it, and seals for its later launches', async () => {
    const host = await makeHost(vaultArena({ kind }));
    const measurement = await measurementOf(host);
    const trusted = { key: host.attestationKey(), nonce: NONCE, measurements: { vault: measurement } };
    const { compartments } = await verifyEvidence(await host.evidence({ nonce: NONCE }), trusted);
    const target = compartments.get('vault');
    if (!target) throw new Error('no vault');
    const guests = await host.call<string>('vault.evidence', [NONCE], { label: {} });
    expect((await verifyEvidence(guests.value, trusted)).origin).toBe('guest');
    await host.provision('vault', await sealTo(target, { name: 'key', secret: SECRET, label: acme.label }));
    const { value } = await host.call<Uint8Array>('vault.secret', ['key'], acme);
    expect(new TextDecoder().decode(value)).toBe(SECRET);
    expect((await host.call('vault.secret', ['key'], globex)).value).toBeUndefined();
    const sealed = await sealedBy(host, 'kept', acme);
    expect([await unsealed(host, sealed, acme), await unsealed(host, sealed, globex)]).toEqual(['kept', 1]);
    await host.close();
  });

  it('shows nothing of what it is given, and its twins do', async () => {
    const enclave = await shownOf({ ...VAULT, kind, enclave: true });
    expect(enclave.text).not.toContain(SECRET);
    expect(enclave.text).not.toContain('divide by zero');
    expect([enclave.code, enclave.memory]).toEqual(['GUEST_TRAP', [null]]);
    for (const twin of [
      { ...VAULT, kind, enclave: { debug: true } },
      { ...FRANK_GUEST, kind },
    ]) {
      const { text, code } = await shownOf(twin);
      expect(text).toContain(SECRET);
      expect(text).toContain('divide by zero');
      expect(code).toBe('GUEST_TRAP');
    }
  });
});

it('its kind is measured', { timeout: 60_000 }, async () => {
  const measurements = new Set<string>();
  for (const kind of KINDS) {
    const host = await makeHost(vaultArena({ kind }));
    measurements.add(await measurementOf(host));
    await host.close();
  }
  expect(measurements.size).toBe(KINDS.length);
});
