/** Writes schema/manifest.schema.json from the schema that the parser uses. Usage: node scripts/schema.ts */
import { writeFileSync } from 'node:fs';
import * as z from 'zod';
import { manifestSchema } from '../src/policy/schema.ts';

/**
 * JSON Schema (2020-12) of a manifest as it is written, for editors. It knows the shape and the grammar of names; whether
 * a tag is declared and who holds a privilege only the parser knows.
 */
export function manifestJsonSchema(): string {
  const schema = z.toJSONSchema(manifestSchema, { io: 'input', target: 'draft-2020-12', reused: 'inline' });
  return `${JSON.stringify(schema, null, 2)}\n`;
}

if (import.meta.main) writeFileSync(new URL('../schema/manifest.schema.json', import.meta.url), manifestJsonSchema());
