import { timingSafeEqual } from 'node:crypto';
import type { JWTPayload } from 'jose';
import type { Code } from '../codes.ts';
import { CofferdamError } from '../error.ts';
import {
  ALGORITHM,
  DEBUG_STATUS,
  JSON_CONTENT_FORMAT,
  type LaunchKey,
  LIFETIME_S,
  MAX_TOKEN_CHARS,
  MEASUREMENT_MEMBER,
  PROFILE,
  TOKEN_TYPE,
} from './profile.ts';
import type { ProvisioningTarget } from './provision.ts';

export interface Expected {
  /** The platform's public key, as a JWK: got from its operator in a way that you trust, never from the evidence. */
  readonly key: object;
  /** The nonce that you drew for this evidence and no other. */
  readonly nonce: string;
  /** Per compartment that must be there: its measurement (`cofferdam measure`), or any of several. */
  readonly measurements: Readonly<Record<string, string | readonly string[]>>;
  /** Takes debug builds, too, whose operator can see everything. Default false. */
  readonly allowDebug?: boolean;
  /** Oldest evidence that is taken, in seconds. Default 300. */
  readonly maxAgeSeconds?: number;
  /** In milliseconds. Default: the clock. */
  readonly nowMs?: number;
}

export interface Verified {
  /** Of the runtime. */
  readonly version: string;
  readonly node: string;
  /** Who chose the nonce. */
  readonly origin: 'host' | 'guest';
  /** Those that were asked for, by name: what `sealTo` takes. */
  readonly compartments: ReadonlyMap<string, VerifiedCompartment>;
}

export interface VerifiedCompartment extends ProvisioningTarget {
  readonly debug: boolean;
}

/** Clocks of two machines may differ by as many seconds. */
const TOLERANCE_S = 30;

/**
 * For relying parties: checks evidence and gives back the launches that it vouches for. Throws EVIDENCE_MALFORMED,
 * EVIDENCE_SIGNATURE (also for another algorithm, or none), EVIDENCE_PROFILE, EVIDENCE_NONCE, EVIDENCE_STALE,
 * EVIDENCE_TARGET (it is not about this compartment), EVIDENCE_MEASUREMENT, EVIDENCE_DEBUG.
 */
export async function verifyEvidence(evidence: unknown, expected: Expected): Promise<Verified> {
  if (typeof evidence !== 'string' || evidence.length > MAX_TOKEN_CHARS) {
    throw refuse('EVIDENCE_MALFORMED', `Evidence is a JWT of at most ${MAX_TOKEN_CHARS} characters`);
  }
  const claims = await signedClaims(evidence, expected);
  if (claims.eat_profile !== PROFILE) throw refuse('EVIDENCE_PROFILE', `The evidence is not of the profile ${PROFILE}`);
  if (!isSame(claims.eat_nonce, expected.nonce)) {
    throw refuse('EVIDENCE_NONCE', 'The evidence answers another nonce: it may be an old one that somebody kept');
  }
  const submodules = recordOf(claims.submods, 'submods');
  const compartments = Object.entries(expected.measurements).map(([name, measurement]) => {
    if (!Object.hasOwn(submodules, name)) {
      throw refuse('EVIDENCE_TARGET', `The evidence says nothing of ${name}`, { compartment: name });
    }
    const wanted = typeof measurement === 'string' ? [measurement] : measurement;
    return [name, compartmentOf(name, submodules[name], wanted, expected.allowDebug ?? false)] as const;
  });
  if (claims.dbgstat !== DEBUG_STATUS.production && expected.allowDebug !== true) {
    throw refuse('EVIDENCE_DEBUG', 'The evidence is of a platform with debug builds among what it vouches for');
  }
  const { node, origin } = recordOf(claims.cofferdam, 'cofferdam');
  const [version] = Array.isArray(claims.swversion) ? claims.swversion : [];
  if (typeof version !== 'string' || typeof node !== 'string' || (origin !== 'host' && origin !== 'guest')) {
    throw refuse('EVIDENCE_MALFORMED', 'The evidence does not say which runtime it is of');
  }
  return { version, node, origin, compartments: new Map(compartments) };
}

/** The algorithm is ours to say, not the token's: so `none`, and a MAC with the public key, are no signatures. */
async function signedClaims(evidence: string, { key, maxAgeSeconds, nowMs }: Expected): Promise<JWTPayload> {
  const jwk = recordOf(key, 'key');
  if (jwk.kty !== 'EC' || jwk.crv !== 'P-256' || 'd' in jwk) {
    throw refuse('EVIDENCE_SIGNATURE', "The platform's key is not a public one of the curve P-256");
  }
  const currentDate = new Date(nowMs ?? Date.now());
  const { errors, importJWK, jwtVerify } = await import('jose');
  try {
    const { payload } = await jwtVerify(
      evidence,
      await importJWK({ kty: 'EC', crv: 'P-256', x: String(jwk.x), y: String(jwk.y) }, ALGORITHM),
      {
        algorithms: [ALGORITHM],
        typ: TOKEN_TYPE,
        requiredClaims: ['iat', 'exp', 'eat_profile', 'eat_nonce', 'dbgstat', 'submods'],
        maxTokenAge: maxAgeSeconds ?? LIFETIME_S,
        clockTolerance: TOLERANCE_S,
        currentDate,
      },
    );
    return payload;
  } catch (cause) {
    const isStale =
      cause instanceof errors.JWTExpired || (cause instanceof errors.JWTClaimValidationFailed && cause.claim === 'iat');
    if (isStale) throw refuse('EVIDENCE_STALE', 'The evidence is too old, or from the future', {}, cause);
    const isSignature =
      cause instanceof errors.JWSSignatureVerificationFailed || cause instanceof errors.JOSEAlgNotAllowed;
    if (isSignature) throw refuse('EVIDENCE_SIGNATURE', 'The evidence is not signed by this platform', {}, cause);
    throw refuse('EVIDENCE_MALFORMED', 'The evidence is no JWT of the kind that is expected', {}, cause);
  }
}

function compartmentOf(
  name: string,
  value: unknown,
  wanted: readonly string[],
  allowDebug: boolean,
): VerifiedCompartment {
  const submodule = recordOf(value, name);
  const measurement = measurementOf(submodule, name);
  if (!wanted.some((one) => isSame(one, measurement))) {
    throw refuse(
      'EVIDENCE_MEASUREMENT',
      `${name} was launched with the measurement ${measurement}, which is not expected`,
      {
        compartment: name,
        measurement,
      },
    );
  }
  const debug = submodule.dbgstat !== DEBUG_STATUS.production;
  if (debug && !allowDebug) {
    throw refuse('EVIDENCE_DEBUG', `${name} is a debug build, whose operator can see everything`, {
      compartment: name,
    });
  }
  const { kty, crv, x } = recordOf(recordOf(submodule.cnf, 'cnf').jwk, 'jwk');
  if (kty !== 'OKP' || crv !== 'X25519' || typeof x !== 'string' || !/^[A-Za-z0-9_-]{43}$/.test(x)) {
    throw refuse('EVIDENCE_MALFORMED', `The evidence has no key of ${name} to seal to`);
  }
  const key: LaunchKey = { kty, crv, x };
  return { compartment: name, measurement, key, debug };
}

function measurementOf({ measurements }: Readonly<Record<string, unknown>>, name: string): string {
  const [first] = Array.isArray(measurements) ? measurements : [];
  const [format, text] = Array.isArray(first) ? first : [];
  try {
    const measurement =
      format === JSON_CONTENT_FORMAT ? recordOf(JSON.parse(String(text)), name)[MEASUREMENT_MEMBER] : null;
    if (typeof measurement === 'string' && /^[0-9a-f]{64}$/.test(measurement)) return measurement;
  } catch {
    // Below it is said what is missing.
  }
  throw refuse('EVIDENCE_MALFORMED', `The evidence has no measurement of ${name}`);
}

function recordOf(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw refuse('EVIDENCE_MALFORMED', `${what} is missing or no object`);
}

function isSame(one: unknown, other: string): boolean {
  if (typeof one !== 'string') return false;
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}

function refuse(code: Code, message: string, details: Record<string, unknown> = {}, cause?: unknown): CofferdamError {
  return new CofferdamError(code, `${message} - release nothing to it.`, { cause, details });
}
