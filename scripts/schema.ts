/** Writes the schemas in schema/ from those that the program uses itself. Usage: node scripts/schema.ts */
import { writeFileSync } from 'node:fs';
import * as z from 'zod';
import { figuresSchema } from '../src/bench/figures.ts';
import { manifestSchema } from '../src/policy/schema.ts';

/**
 * JSON Schema (2020-12) of a manifest as it is written, for editors. It knows the shape and the grammar of names; whether
 * a tag is declared and who holds a privilege only the parser knows.
 */
export function manifestJsonSchema(): string {
  return jsonSchema(manifestSchema);
}

/** Of the file that `cofferdam bench --json` writes. */
export function benchJsonSchema(): string {
  return jsonSchema(figuresSchema);
}

function jsonSchema(schema: z.ZodType): string {
  const json = z.toJSONSchema(schema, { io: 'input', target: 'draft-2020-12', reused: 'inline' });
  return `${JSON.stringify(json, null, 2)}\n`;
}

if (import.meta.main) {
  writeFileSync(new URL('../schema/manifest.schema.json', import.meta.url), manifestJsonSchema());
  writeFileSync(new URL('../schema/bench.schema.json', import.meta.url), benchJsonSchema());
}
