import { CofferdamError } from '../error.ts';
import type { LabelInput } from '../label/index.ts';
import { canonical } from './canonical.ts';
import type { Launch, Provisioned } from './launch.ts';
import type { LaunchKey } from './profile.ts';

/** A launch as evidence shows it: what `verifyEvidence` gives back. */
export interface ProvisioningTarget {
  readonly compartment: string;
  /** SHA-256 in hex. */
  readonly measurement: string;
  readonly key: LaunchKey;
}

export interface Secret {
  /** By which the guest asks for it: up to 64 characters. */
  readonly name: string;
  /** Up to 64 KiB; text is written as UTF-8. */
  readonly secret: Uint8Array | string;
  /** Who may learn it, and who vouches for it: only instances whose label it can flow to are given it. Default: public. */
  readonly label?: LabelInput;
}

const MAX_SECRET_BYTES = 65_536;
/** Name, label, and the secret in base64. */
const MAX_SEALED_CHARS = 262_144;
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/**
 * For relying parties: a secret that only this launch can open, in base64url. It does not say who sent it: anybody who has
 * the evidence can seal to a launch. Throws PROVISION_SECRET.
 */
export async function sealTo(target: ProvisioningTarget, { name, secret, label = {} }: Secret): Promise<string> {
  const bytes = typeof secret === 'string' ? Buffer.from(secret) : Buffer.from(secret);
  if (!NAME.test(name) || bytes.length > MAX_SECRET_BYTES) {
    throw new CofferdamError(
      'PROVISION_SECRET',
      `A secret has a name of 1 to 64 letters, digits, '.', '_' and '-', and at most ${MAX_SECRET_BYTES} bytes. Shorten it.`,
    );
  }
  const { secrecy = [], integrity = [] } = label;
  const text = canonical({ name, label: { secrecy, integrity }, secret: bytes.toString('base64') });
  const { KEM, SUITE } = await import('./hpke.ts');
  const recipientPublicKey = await KEM.deserializePublicKey(arrayBufferOf(Buffer.from(target.key.x, 'base64url')));
  const sender = await SUITE.createSenderContext({ recipientPublicKey, info: infoOf(target) });
  const sealed = await sender.seal(arrayBufferOf(Buffer.from(text)));
  return Buffer.concat([Buffer.from(sender.enc), Buffer.from(sealed)]).toString('base64url');
}

/** Throws PROVISION_REFUSED when it was not sealed to this launch, or is damaged. */
export async function openProvision(launch: Launch, sealed: unknown): Promise<Provisioned & { readonly name: string }> {
  try {
    if (typeof sealed !== 'string' || sealed.length > MAX_SEALED_CHARS) throw new Error('not text, or too long');
    const bytes = Buffer.from(sealed, 'base64url');
    const { ENC_BYTES, SUITE } = await import('./hpke.ts');
    const recipient = await SUITE.createRecipientContext({
      recipientKey: launch.privateKey,
      enc: arrayBufferOf(bytes.subarray(0, ENC_BYTES)),
      info: infoOf(launch),
    });
    const text = Buffer.from(await recipient.open(arrayBufferOf(bytes.subarray(ENC_BYTES)))).toString('utf8');
    return readSecret(JSON.parse(text));
  } catch (cause) {
    throw new CofferdamError(
      'PROVISION_REFUSED',
      `This was not sealed to the present launch of ${launch.compartment}, or is damaged. Ask for evidence anew, and seal to it.`,
      { cause, details: { compartment: launch.compartment } },
    );
  }
}

/** Whoever has the evidence can seal, so what was sealed is as hostile as any message. */
function readSecret(value: unknown): Provisioned & { readonly name: string } {
  const { name, label, secret } = value as Record<string, unknown>;
  const { secrecy, integrity } = label as Record<string, unknown>;
  const isRight =
    typeof name === 'string' && NAME.test(name) && typeof secret === 'string' && isTags(secrecy) && isTags(integrity);
  if (!isRight) throw new Error('not a secret as sealTo writes it');
  return { name, label: { secrecy, integrity }, secret: new Uint8Array(Buffer.from(secret, 'base64')) };
}

function isTags(tags: unknown): tags is string[] {
  return Array.isArray(tags) && tags.every((tag) => typeof tag === 'string');
}

/** Bound to what the relying party believed it was sealing to. */
function infoOf({ compartment, measurement }: { compartment: string; measurement: string }): ArrayBuffer {
  return arrayBufferOf(Buffer.from(`cofferdam-provision/1 ${canonical({ compartment, measurement })}`));
}

function arrayBufferOf(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}
