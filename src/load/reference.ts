import type { ImportName } from '../wasm/index.ts';
import type { InstanceLimits } from '../wasm/rewrite-limits.ts';
import type { RewriteJob } from './rewrite.ts';

/** How a module speaks: the manifest's `abi`. */
export type Abi = 'component' | 'core' | 'assemblyscript' | 'adapter';

/** What a manifest says about the code of one compartment. */
export interface ModuleReference {
  /** `./file.wasm` relative to the base folder, or `npm:package/path.wasm`, or `npm:package@1.4.0/path.wasm`. */
  readonly wasm: string | null;
  /** SHA-256 in hex that the bytes must have, or null. */
  readonly sha256: string | null;
  /** Several core modules instead of `wasm`, by the name that the others import; with abi `core` or `adapter`. */
  readonly modules?: ReadonlyMap<string, PinnedModule> | null;
  /** The memory that they import and none of them has. */
  readonly sharedMemory?: ImportName | null;
  readonly abi: Abi;
  /** Null for a component, which carries its types; the others have none of their own. */
  readonly wit: WitReference | null;
  /** Of one instance. */
  readonly limits: InstanceLimits;
  /** Checks that are put into its code; absent: none. */
  readonly rewrite?: RewriteJob;
}

/** One of several modules; the two as above. */
export interface PinnedModule {
  readonly wasm: string;
  readonly sha256: string | null;
}

/** WIT: its text, or the path of a file relative to the base folder; and which world of it (null: its only one). */
export interface WitReference {
  readonly text: string | null;
  readonly path: string | null;
  readonly world: string | null;
}
