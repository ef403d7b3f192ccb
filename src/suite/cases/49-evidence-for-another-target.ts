import { sealTo, type VerifiedCompartment, verifyEvidence } from '../../index.ts';
import { defineCase } from '../case.ts';
import { expect } from '../expect.ts';
import { acme, codeOf } from '../lab.ts';
import { give, measurementOf, NONCE, reliesOn, VAULT, vaultArena } from './vault.ts';

const SECRET = { name: 'key', secret: 'hunter2' };
const decoys = { compartments: { ...vaultArena().compartments, decoy: { ...VAULT, enclave: true } } };
const only = (launches: ReadonlyMap<string, VerifiedCompartment> | string): VerifiedCompartment => {
  const [launch] = typeof launches === 'string' ? [] : launches.values();
  if (!launch) throw new Error(`no launch: ${launches}`);
  return launch;
};

export default defineCase({
  number: 49,
  name: 'evidence-for-another-target',
  group: 'Enclave',
  title: 'evidence of one thing gets the secret of another',
  async attack({ make, folder }) {
    const attestation = { state: folder() };
    const host = await make(vaultArena({}, { ...decoys, attestation }));
    const measurements = { vault: await measurementOf(host) };
    const key = host.attestationKey();
    const check = (evidence: string, more: object = {}) =>
      codeOf(() => verifyEvidence(evidence, { key, nonce: NONCE, measurements, ...more }));
    const ofDecoy = await host.evidence({ nonce: NONCE, compartments: ['decoy'] });
    expect(await check(ofDecoy)).toBe('EVIDENCE_TARGET');
    expect(await check(ofDecoy, { measurements: { decoy: measurements.vault } })).toBe('EVIDENCE_MEASUREMENT');
    // Kept from an earlier time, or of a platform of the attacker's own.
    const old = await host.evidence({ nonce: 'another-nonce' });
    expect(await check(old)).toBe('EVIDENCE_NONCE');
    expect(await check(await host.evidence({ nonce: NONCE }), { nowMs: Date.now() + 3_600_000 })).toBe(
      'EVIDENCE_STALE',
    );
    const own = await make(vaultArena({}, { ...decoys }));
    expect(await check(await own.evidence({ nonce: NONCE }))).toBe('EVIDENCE_SIGNATURE');
    // A secret for this launch is no use to another: not to the decoy, not to the same code launched again beside it.
    const sealed = await sealTo(only(await reliesOn(host, { measurements })), SECRET);
    expect(await codeOf(() => host.provision('decoy', sealed))).toBe('PROVISION_REFUSED');
    const again = await make(vaultArena({}, { ...decoys, attestation }));
    expect(await measurementOf(again)).toBe(measurements.vault);
    expect(await codeOf(() => again.provision('vault', sealed))).toBe('PROVISION_REFUSED');
    for (const place of ['decoy', 'vault']) {
      expect((await again.call(`${place}.secret`, ['key'], acme)).value).toBeUndefined();
    }
  },
  async twin({ make }) {
    const host = await make(vaultArena({}, decoys));
    const measurements = { vault: await measurementOf(host) };
    await give(host, only(await reliesOn(host, { measurements })), SECRET);
    expect((await host.call('vault.secret', ['key'], acme)).value).toEqual(new TextEncoder().encode('hunter2'));
    expect((await host.call('decoy.secret', ['key'], acme)).value).toBeUndefined();
    expect(await codeOf(async () => give(host, only(await reliesOn(host, { measurements })), SECRET))).toBe(
      'PROVISION_EXISTS',
    );
  },
});
