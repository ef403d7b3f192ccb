export { loadManifest, type ParseOptions, parseManifest } from './parse.ts';
export type * from './policy.ts';
export type { Problem } from './problems.ts';
