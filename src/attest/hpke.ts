import { Aes256Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from '@hpke/core';

// Imported by those who need it when they do: few hosts have enclaves, and all of them start.

/** RFC 9180, base mode: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM. */
export const KEM = new DhkemX25519HkdfSha256();
export const SUITE = new CipherSuite({ kem: KEM, kdf: new HkdfSha256(), aead: new Aes256Gcm() });
/** Of an encapsulated key. */
export const ENC_BYTES = 32;
