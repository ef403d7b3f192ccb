import { generateKeyPairSync } from 'node:crypto';
import { expect, it } from 'vitest';
import { signerOf, signMeasurement } from '../../src/index.ts';
import { sealedBy, unsealed, vaultArena } from '../../src/suite/cases/vault.ts';
import { codeOf, makeFolder, makeHost } from '../arena.ts';

const { privateKey } = generateKeyPairSync('ed25519');
const acme = { label: { secrecy: ['customer:acme'] } };

/** The signature needs the measurement, which the refusal of a wrong one tells. */
async function signed(version: number, attestation: object, more: object = {}) {
  const enclave = { signer: signerOf(privateKey), version, signature: 'A'.repeat(86) };
  const refusal = await makeHost(vaultArena({ enclave, ...more }, { attestation })).catch((error: unknown) => error);
  const { code, details } = refusal as { code: string; details: { measurement: string } };
  expect(code).toBe('ENCLAVE_SIGNATURE');
  return { ...enclave, signature: signMeasurement(details.measurement, privateKey) };
}

it('later versions of a signer read what earlier ones sealed, and nothing unsigned is launched', async () => {
  const attestation = { state: makeFolder() };
  const make = async (version: number, more: object = {}) =>
    makeHost(vaultArena({ enclave: await signed(version, attestation, more), ...more }, { attestation }));
  const sealed = await sealedBy(await make(1), 'state', acme);
  const later = await make(2, { limits: { message: '2MiB' } });
  expect(await unsealed(later, sealed, acme)).toBe('state');
  const newer = await sealedBy(later, 'newer', acme);
  expect(await unsealed(await make(1), newer, acme)).toBe(3);
  const enclave = await signed(1, attestation);
  expect(await codeOf(() => makeHost(vaultArena({ enclave, grants: ['customer:*-'] }, { attestation })))).toBe(
    'ENCLAVE_SIGNATURE',
  );
});
