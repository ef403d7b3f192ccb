/*
 * What evidence and its verifier agree on: an EAT profile (RFC 9711, section 6). The token is a JWT signed with ES256, type
 * `eat+jwt`; nonce, profile, debug status and times are there; each submodule is a compartment. docs/enclave.md has all of it.
 */

/** Says in its name what it is not. A `tag` URI (RFC 4151), since it names and leads nowhere. */
export const PROFILE = 'tag:cofferdam,2026:eat/software-modelled-no-hardware-root/1';
export const TOKEN_TYPE = 'eat+jwt';
export const ALGORITHM = 'ES256';

/** Seconds that evidence may be presented: long enough to be sent, too short to be kept. */
export const LIFETIME_S = 300;
/** RFC 9711, section 4.1: the range of a nonce in JSON. */
export const NONCE_CHARS = { min: 8, max: 88 } as const;
/** Evidence of a thousand compartments; a verifier reads no more. */
export const MAX_TOKEN_CHARS = 1_048_576;

/** `dbgstat` of RFC 9711, section 4.2.9. A launch is debuggable for all of its life, or never. */
export const DEBUG_STATUS = { debug: 'enabled', production: 'disabled-since-boot' } as const;

/** CoAP content format of `application/json`, as the claim `measurements` asks for one. */
export const JSON_CONTENT_FORMAT = 50;
/** The name of the hash in the measurement's JSON. */
export const MEASUREMENT_MEMBER = 'cofferdam-measurement-sha256';

/** The public half of a launch's key, to which secrets are sealed: X25519 as a JWK (RFC 8037). */
export interface LaunchKey {
  readonly kty: 'OKP';
  readonly crv: 'X25519';
  readonly x: string;
}
