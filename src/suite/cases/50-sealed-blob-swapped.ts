import { defineCase } from '../case.ts';
import { expect } from '../expect.ts';
import { acme, globex, nobody } from '../lab.ts';
import { sealedBy, unsealed, VAULT, vaultArena } from './vault.ts';

const [INVALID, WRONG_LABEL, ROLLED_BACK] = [0, 1, 2];
const both = { compartments: { ...vaultArena().compartments, other: { ...VAULT, enclave: true } } };

export default defineCase({
  number: 50,
  name: 'sealed-blob-swapped',
  group: 'Enclave',
  title: 'sealed data is swapped for another’s, or for an older state',
  async attack({ make, folder }) {
    const attestation = { state: folder() };
    const host = await make(vaultArena({}, { ...both, attestation }));
    const ofAcme = await sealedBy(host, 'balance 10', acme);
    expect(await unsealed(host, ofAcme, globex)).toBe(WRONG_LABEL);
    expect(await unsealed(host, ofAcme, nobody)).toBe(WRONG_LABEL);
    expect(await unsealed(host, ofAcme, acme, 'other')).toBe(INVALID);
    // The label inside is associated data: to rewrite it breaks the seal.
    const relabelled = new Uint8Array(
      Buffer.from(Buffer.from(ofAcme).toString('latin1').replace('acme', 'evil'), 'latin1'),
    );
    expect(await unsealed(host, relabelled, { label: { secrecy: ['customer:evil'] } })).toBe(INVALID);
    const newer = await sealedBy(host, 'balance 0', acme);
    expect(await unsealed(host, ofAcme, acme)).toBe(ROLLED_BACK);
    await host.close();
    const restarted = await make(vaultArena({}, { ...both, attestation }));
    expect(await unsealed(restarted, ofAcme, acme)).toBe(ROLLED_BACK);
    expect(await unsealed(restarted, newer, globex)).toBe(WRONG_LABEL);
    // Another platform knows nothing of it.
    expect(await unsealed(await make(vaultArena({}, both)), newer, acme)).toBe(INVALID);
  },
  async twin({ make, folder }) {
    const attestation = { state: folder() };
    const host = await make(vaultArena({}, { ...both, attestation }));
    await sealedBy(host, 'balance 10', acme);
    const newer = await sealedBy(host, 'balance 0', acme);
    const ofGlobex = await sealedBy(host, 'balance 7', globex);
    await host.close();
    const restarted = await make(vaultArena({}, { ...both, attestation }));
    expect(await unsealed(restarted, newer, acme)).toBe('balance 0');
    expect(await unsealed(restarted, ofGlobex, globex)).toBe('balance 7');
    expect(await unsealed(restarted, newer, { label: { secrecy: ['customer:acme', 'customer:globex'] } })).toBe(
      'balance 0',
    );
  },
});
