import { CofferdamError } from '../error.ts';
import type { Launch } from './launch.ts';
import type { Platform } from './platform.ts';
import {
  ALGORITHM,
  DEBUG_STATUS,
  JSON_CONTENT_FORMAT,
  LIFETIME_S,
  MEASUREMENT_MEMBER,
  NONCE_CHARS,
  PROFILE,
  TOKEN_TYPE,
} from './profile.ts';

export interface EvidenceRequest {
  /** Chosen by who will check the evidence: 8 to 88 printable characters. */
  readonly nonce: string;
  readonly launches: readonly Launch[];
  /** Who chose the nonce: a program of the host, or the guest itself (then it is the guest's word). */
  readonly origin: 'host' | 'guest';
}

/** What evidence says of the software around the compartments. */
export interface Runtime {
  readonly version: string;
  readonly node: string;
  readonly nowMs: () => number;
}

/** An Entity Attestation Token (RFC 9711) as a signed JWT (RFC 7519), in compact form. Throws EVIDENCE_NONCE. */
export async function makeEvidence(platform: Platform, runtime: Runtime, request: EvidenceRequest): Promise<string> {
  const { nonce, launches, origin } = request;
  if (!isNonce(nonce)) {
    throw new CofferdamError(
      'EVIDENCE_NONCE',
      `The nonce is not ${NONCE_CHARS.min} to ${NONCE_CHARS.max} printable ASCII characters. Let who checks the evidence draw one.`,
    );
  }
  const issued = Math.floor(runtime.nowMs() / 1_000);
  const isDebug = launches.some(({ debug }) => debug);
  const { SignJWT } = await import('jose'); // few hosts give evidence, and all of them start
  return await new SignJWT({
    eat_profile: PROFILE,
    eat_nonce: nonce,
    ueid: platform.ueid,
    dbgstat: isDebug ? DEBUG_STATUS.debug : DEBUG_STATUS.production,
    swname: 'cofferdam',
    swversion: [runtime.version],
    cofferdam: { node: runtime.node, origin },
    submods: Object.fromEntries(launches.map((launch) => [launch.compartment, submodule(launch)])),
  })
    .setProtectedHeader({ alg: ALGORITHM, typ: TOKEN_TYPE })
    .setIssuedAt(issued)
    .setExpirationTime(issued + LIFETIME_S)
    .sign(platform.signingKey);
}

/** `cnf` (RFC 7800) is the key of this launch: what is sealed to it no other launch can open. */
function submodule({ measurement, debug, sha256, signer, version, publicKey }: Launch): object {
  return {
    measurements: [[JSON_CONTENT_FORMAT, JSON.stringify({ [MEASUREMENT_MEMBER]: measurement })]],
    dbgstat: debug ? DEBUG_STATUS.debug : DEBUG_STATUS.production,
    cnf: { jwk: publicKey },
    cofferdam: { code: sha256, ...(signer === null ? {} : { signer, version }) },
  };
}

export function isNonce(nonce: unknown): nonce is string {
  return (
    typeof nonce === 'string' &&
    nonce.length >= NONCE_CHARS.min &&
    nonce.length <= NONCE_CHARS.max &&
    /^[\x21-\x7e]*$/.test(nonce)
  );
}
