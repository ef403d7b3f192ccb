import * as z from 'zod';
import { checked, matching, path } from './schema-values.ts';

/* What a manifest says of enclaves: see attest/ for what it means. */

const MEASUREMENT_PATTERN = '^[0-9a-f]{64}$';
/** An Ed25519 public key and signature (RFC 8032), 32 and 64 bytes, in base64url without padding. */
const SIGNER_PATTERN = '^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$';
const SIGNATURE_PATTERN = '^[A-Za-z0-9_-]{85}[AQgw]$';

function pattern(source: string, advice: string) {
  return checked('MANIFEST_VALUE', source, matching(source), advice);
}

const measured = pattern(
  MEASUREMENT_PATTERN,
  'write 64 lower-case hexadecimal digits, as `cofferdam measure` prints them',
);

export const enclave = z
  .union([
    z.literal(true),
    z.strictObject({
      debug: z
        .boolean()
        .optional()
        .meta({ description: 'The host may see its output and its failures in detail, and its evidence says so.' }),
      signer: pattern(SIGNER_PATTERN, 'write the Ed25519 public key as 43 characters of base64url').optional().meta({
        description: "The author's Ed25519 public key: what is sealed can be read by later versions of this signer.",
      }),
      version: z
        .int()
        .min(0)
        .max(2 ** 32 - 1)
        .optional()
        .meta({ description: "The signer's version: a later one reads what an earlier one sealed." }),
      signature: pattern(SIGNATURE_PATTERN, 'write the Ed25519 signature as 86 characters of base64url')
        .optional()
        .meta({ description: "The signer's signature of the measurement." }),
    }),
  ])
  .meta({ description: 'Measured, attested, sealing: the host sees neither its output nor why it fails.' });

export const measurement = z
  .union([measured, z.strictObject({ from: measured.optional(), to: measured.optional() })])
  .meta({ description: "The measurement that the link's `to` must have, or { from } or { to }." });

export const attestation = z
  .strictObject({
    state: path.optional().meta({ description: "The folder of the platform's keys and counters." }),
  })
  .meta({ description: 'What enclaves need of their platform.' });
