/** Writes schema/manifest.schema.json from the schema that the parser uses. Usage: node scripts/schema.ts */
import { writeFileSync } from 'node:fs';
import { manifestJsonSchema } from '../src/policy/json-schema.ts';

writeFileSync(new URL('../schema/manifest.schema.json', import.meta.url), manifestJsonSchema());
