export { CACHE_LIMITS, type CacheLimits, defaultCacheDir } from './cache.ts';
export { WORKER_LIMITS, type WorkerLimits } from './disposable-worker.ts';
export type { Examination, ExaminedModule, Extent, Item } from './examine.ts';
export { type InspectEnv, type Inspection, inspectFile } from './inspect.ts';
export { type LoadEnv, type Loaded, type Loader, loadSource, makeLoader } from './load.ts';
export type { Abi, ModuleReference, WitReference } from './reference.ts';
export type { RewriteJob } from './rewrite.ts';
export type { Transpiled } from './transpile.ts';
