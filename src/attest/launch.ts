import type { LabelInput } from '../label/index.ts';
import type { LaunchKey } from './profile.ts';
import type { Sealer } from './seal.ts';

/** A secret that a relying party gave to this launch. */
export interface Provisioned {
  readonly label: LabelInput;
  readonly secret: Uint8Array;
}

/**
 * One launch of an enclave: its code and its part of the manifest came into force together, and both are measured. Its key
 * pair is in no file and ends with it, so that what was provisioned to one launch is no other's.
 */
export interface Launch extends Sealer {
  /** Of the code. */
  readonly sha256: string;
  readonly publicKey: LaunchKey;
  readonly privateKey: CryptoKey;
  readonly provisioned: Map<string, Provisioned>;
}

export async function makeLaunch(what: Sealer & { readonly sha256: string }): Promise<Launch> {
  const { KEM } = await import('./hpke.ts');
  const { publicKey, privateKey } = await KEM.generateKeyPair();
  const x = Buffer.from(await KEM.serializePublicKey(publicKey)).toString('base64url');
  return { ...what, publicKey: { kty: 'OKP', crv: 'X25519', x }, privateKey, provisioned: new Map() };
}
