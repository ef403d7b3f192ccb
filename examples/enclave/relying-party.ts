import { createPublicKey, randomBytes, timingSafeEqual, type webcrypto } from 'node:crypto';
import jwt from 'jsonwebtoken';
import { type LaunchKey, type Secret, sealTo } from '../../src/index.ts';

const PROFILE = 'tag:cofferdam,2026:eat/software-modelled-no-hardware-root/1';

/** The part of the evidence that is read here; whatever has another shape is refused by one of the checks. */
interface Claims {
  readonly eat_profile?: string;
  readonly eat_nonce?: string;
  readonly dbgstat?: string;
  readonly submods?: Readonly<Record<string, Submodule | undefined>>;
}

interface Submodule {
  readonly dbgstat?: string;
  readonly measurements?: readonly (readonly [number, string])[];
  readonly cnf?: { readonly jwk?: LaunchKey };
}

/**
 * Somebody who owns a secret and runs nothing of the host. It knows a platform's public key and the measurement of what may
 * have the secret, checks evidence with a JWT library that knows nothing of Cofferdam, and seals to the launch that the
 * evidence names. (`verifyEvidence` does all of this; here each check stands by itself.)
 */
export class RelyingParty {
  readonly #key: webcrypto.JsonWebKey;
  readonly #measurement: string;
  readonly #secrets: readonly Secret[];
  #nonce: string | null = null;

  constructor(key: object, measurement: string, secrets: readonly Secret[]) {
    this.#key = key;
    this.#measurement = measurement;
    this.#secrets = secrets;
  }

  /** Drawn anew each time, and used once: no evidence can be kept for later. */
  challenge(): string {
    this.#nonce = randomBytes(24).toString('base64url');
    return this.#nonce;
  }

  /** The secrets, sealed to the launch of `compartment`. Throws when the evidence is not what it has to be. */
  async release(evidence: string, compartment: string): Promise<string[]> {
    const nonce = this.#nonce;
    this.#nonce = null;
    const key = createPublicKey({ key: this.#key, format: 'jwk' });
    // The algorithm is said here: a token that asks for another, or for none, is refused.
    const claims = jwt.verify(evidence, key, { algorithms: ['ES256'], maxAge: 300 }) as Claims;
    const launch = claims.submods?.[compartment];
    const [format, text] = launch?.measurements?.[0] ?? [];
    const measured: unknown = format === 50 ? JSON.parse(String(text))['cofferdam-measurement-sha256'] : null;
    check(claims.eat_profile === PROFILE, 'the profile is another');
    check(nonce !== null && isSame(claims.eat_nonce, nonce), 'the nonce is another');
    check(isSame(measured, this.#measurement), `the measurement is another: ${measured}`);
    check(launch?.dbgstat === 'disabled-since-boot', 'it is a debug build');
    const to = launch?.cnf?.jwk;
    check(to?.kty === 'OKP' && to.crv === 'X25519', 'there is no key to seal to');
    const target = { compartment, measurement: this.#measurement, key: to };
    return await Promise.all(this.#secrets.map((secret) => sealTo(target, secret)));
  }
}

function check(isRight: boolean, why: string): asserts isRight {
  if (!isRight) throw new Error(`Nothing is released: ${why}.`);
}

function isSame(one: unknown, other: string): boolean {
  if (typeof one !== 'string' || one.length !== other.length) return false;
  return timingSafeEqual(Buffer.from(one), Buffer.from(other));
}
