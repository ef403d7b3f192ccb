import { defineCase } from '../case.ts';
import { expect } from '../expect.ts';
import { acme, codeOf } from '../lab.ts';
import { measurementOf, refusalOf, reliesOn, sealedBy, unsealed, vaultArena } from './vault.ts';

export default defineCase({
  number: 48,
  name: 'debug-as-production',
  group: 'Enclave',
  title: 'a debug build passes for production',
  async attack({ make, folder }) {
    const attestation = { state: folder() }; // of both: an operator has one platform
    const production = await make(vaultArena({}, { attestation }));
    const debug = await make(vaultArena({ enclave: { debug: true } }, { attestation }));
    expect(debug.attestationKey()).toEqual(production.attestationKey());
    const measurements = { vault: await measurementOf(production) };
    expect(await reliesOn(debug, { measurements })).toBe('EVIDENCE_MEASUREMENT');
    // Even to somebody who was told the measurement of the debug build.
    expect(await reliesOn(debug, { measurements: { vault: await measurementOf(debug) } })).toBe('EVIDENCE_DEBUG');
    // What production sealed stays closed, also where both are of one signer: see test/attest/platform.test.ts.
    expect(await unsealed(debug, await sealedBy(production, 'state', acme), acme)).toBe(0);
    // Nor does it become one while it runs.
    await production.replace('vault', { enclave: { debug: true } });
    expect(await reliesOn(production, { measurements })).toBe('EVIDENCE_MEASUREMENT');
    expect(await codeOf(() => production.replace('vault', { enclave: { debug: 1 } }))).toBe('MANIFEST_TYPE');
  },
  async twin({ make }) {
    const production = await make(vaultArena());
    expect(await refusalOf(production, { measurements: { vault: await measurementOf(production) } })).toBeUndefined();
    const debug = await make(vaultArena({ enclave: { debug: true } }));
    const taken = await reliesOn(debug, { measurements: { vault: await measurementOf(debug) }, allowDebug: true });
    expect(typeof taken === 'string' ? taken : taken.get('vault')?.debug).toBe(true);
  },
});
