import { createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { CofferdamError } from '../error.ts';
import type { EnclavePolicy } from '../policy/policy.ts';

/** What a signer signs, so that no signature made for something else is one of a measurement. */
function signedText(measurement: string): Buffer {
  return Buffer.from(`cofferdam-enclave-signature/1\n${measurement}\n`);
}

/** For authors: the `signature` of an enclave with this measurement. `key` is an Ed25519 private key (RFC 8032). */
export function signMeasurement(measurement: string, key: KeyObject): string {
  return sign(null, signedText(measurement), key).toString('base64url');
}

/** The `signer` of a manifest, from an Ed25519 key. */
export function signerOf(key: KeyObject): string {
  const { x } = (key.type === 'private' ? createPublicKey(key) : key).export({ format: 'jwk' });
  return x ?? '';
}

/** Throws ENCLAVE_SIGNATURE when a manifest's signature is not one of what is launched. */
export function assertSigned(name: string, { signer, signature }: EnclavePolicy, measurement: string): void {
  if (signer === null || signature === null) return;
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: signer }, format: 'jwk' });
  if (verify(null, signedText(measurement), key, Buffer.from(signature, 'base64url'))) return;
  throw new CofferdamError(
    'ENCLAVE_SIGNATURE',
    `compartments.${name}: the signature is not the signer's for the measurement ${measurement}. Have this measurement signed anew.`,
    { details: { compartment: name, measurement } },
  );
}
