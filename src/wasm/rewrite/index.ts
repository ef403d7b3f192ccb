import { ModuleRewriter } from './module-rewriter.ts';
import { readOutline } from './outline.ts';
import type { RewriteOptions, Rewritten } from './rewritten.ts';

export {
  FUEL,
  FUEL_EXPORT,
  INTERRUPT,
  type OwnMemory,
  REWRITE_MODULE,
  type RewriteOptions,
  type Rewritten,
  type SnapshotExports,
} from './rewritten.ts';

/**
 * Makes a core module interruptible, metered, or ready for snapshots (`RewriteOptions`). No index of the module changes
 * but those of globals under `fuel: 'shared'`, which are changed everywhere. The module need not be valid: the engine judges
 * the result, and what only the rewriting would make valid is refused here.
 *
 * Works in one pass over the sections, functions and instructions, and holds the input, the output (of exactly its size)
 * and per change 16 bytes and the new bytes.
 *
 * Throws WASM_TRUNCATED, WASM_MALFORMED, WASM_LIMIT, WASM_UNSUPPORTED (threads, unknown instructions), LIMIT_SHARED and
 * WASM_RESERVED_NAME.
 */
export function rewrite(module: Uint8Array, options: RewriteOptions): Rewritten {
  return new ModuleRewriter(readOutline(module), options).rewrite();
}
