import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import type { LabelInput } from '../label/index.ts';
import { canonical } from './canonical.ts';
import type { Platform } from './platform.ts';

/** Who may open what is sealed: exactly this launch's measurement, or the signer's code of this version and later. */
export interface Sealer {
  readonly compartment: string;
  readonly measurement: string;
  readonly signer: string | null;
  readonly version: number | null;
  /** A debug build never opens what a production build sealed, nor the other way round. */
  readonly debug: boolean;
}

/** Why sealed data is not opened; `error` of the WIT interface. */
export type SealError = 'invalid' | 'wrong-label' | 'rolled-back' | 'newer-version';

const FORMAT = 1;
const FIXED_BYTES = 1 + 4 + 8 + 2;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/*
 * Sealed data: format (1 byte), signer's version (4, big endian, as all numbers; 0 without a signer), counter (8), length
 * of the label (2), the label as canonical JSON; all of that is associated data. Then nonce (12), ciphertext, tag (16):
 * AES-256-GCM (NIST SP 800-38D). The key is derived from the root, from who may open it, and from the label.
 */

/** Supersedes whatever was sealed at this label before: only the latest can be opened. */
export function seal(platform: Platform, sealer: Sealer, label: LabelInput, data: Uint8Array): Uint8Array {
  const text = labelText(label);
  const name = Buffer.from(text);
  const header = Buffer.alloc(FIXED_BYTES + name.length);
  header.writeUInt8(FORMAT, 0);
  header.writeUInt32BE(sealer.version ?? 0, 1);
  header.writeBigUInt64BE(BigInt(platform.advance(counterOf(sealer, text))), 5);
  header.writeUInt16BE(name.length, 13);
  name.copy(header, FIXED_BYTES);
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', keyOf(platform, sealer, text), nonce);
  cipher.setAAD(header);
  const sealed = Buffer.concat([header, nonce, cipher.update(data), cipher.final(), cipher.getAuthTag()]);
  return new Uint8Array(sealed);
}

/** `isReadable` says whether data of a label may reach who asks. Returns the data, or why not. */
export function unseal(
  platform: Platform,
  sealer: Sealer,
  sealed: Uint8Array,
  isReadable: (label: LabelInput) => boolean,
): Uint8Array | SealError {
  const opened = open(platform, sealer, Buffer.from(sealed));
  if (opened === null) return 'invalid';
  // From here on the header is what `seal` wrote.
  const { version, counter, text, data } = opened;
  if (!isReadable(JSON.parse(text) as LabelInput)) return 'wrong-label';
  if (version > (sealer.version ?? 0)) return 'newer-version';
  return counter === BigInt(platform.count(counterOf(sealer, text))) ? data : 'rolled-back';
}

/** How often data was sealed at this label. */
export function sealedCount(platform: Platform, sealer: Sealer, label: LabelInput): number {
  return platform.count(counterOf(sealer, labelText(label)));
}

function open(platform: Platform, sealer: Sealer, sealed: Buffer) {
  if (sealed.length < FIXED_BYTES || sealed.readUInt8(0) !== FORMAT) return null;
  const headerEnd = FIXED_BYTES + sealed.readUInt16BE(13);
  const tagStart = sealed.length - TAG_BYTES;
  if (headerEnd + NONCE_BYTES > tagStart) return null;
  const text = sealed.toString('utf8', FIXED_BYTES, headerEnd);
  const nonce = sealed.subarray(headerEnd, headerEnd + NONCE_BYTES);
  const decipher = createDecipheriv('aes-256-gcm', keyOf(platform, sealer, text), nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(sealed.subarray(0, headerEnd));
  decipher.setAuthTag(sealed.subarray(tagStart));
  try {
    const data = Buffer.concat([decipher.update(sealed.subarray(headerEnd + NONCE_BYTES, tagStart)), decipher.final()]);
    return { version: sealed.readUInt32BE(1), counter: sealed.readBigUInt64BE(5), text, data: new Uint8Array(data) };
  } catch {
    return null; // not sealed here, not by this sealer, or changed since: the tag does not tell which
  }
}

function labelText({ secrecy = [], integrity = [] }: LabelInput): string {
  return canonical({ secrecy, integrity });
}

/** A later version of one signer has the same identity, so that it goes on with the same counters. */
function identityOf({ compartment, measurement, signer, debug }: Sealer): object {
  return signer === null ? { measurement } : { compartment, signer, debug };
}

function keyOf(platform: Platform, sealer: Sealer, label: string): Uint8Array {
  return platform.derive(`cofferdam-seal/1 ${canonical({ identity: identityOf(sealer), label })}`, 32);
}

function counterOf(sealer: Sealer, label: string): string {
  return createHash('sha256')
    .update(canonical({ identity: identityOf(sealer), label }))
    .digest('hex');
}
