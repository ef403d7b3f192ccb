import { CofferdamError } from '../error.ts';
import { type ModuleRange, type OwnMemory, rewrite } from '../wasm/index.ts';
import type { SnapshotExports } from '../wasm/rewrite/index.ts';
import { applyEdits } from '../wasm/rewrite-limits.ts';
import { type TextEdit, toEdit } from './text-edit.ts';

/** What the code of a compartment is rewritten for; null: it is compiled as it is, but for its limits. */
export type RewriteJob = {
  readonly interrupt: boolean;
  readonly fuel: boolean;
  /** Also for instances that start from the state of another. */
  readonly snapshot?: boolean;
} | null;

/** A core module that was rewritten, as text: bytes in base64. */
export interface RewrittenText {
  readonly bytes: string;
  readonly memories: readonly OwnMemory[];
  /** Null unless a snapshot was asked for. */
  readonly restoring: RestoringText | null;
}

/** The same module for instances that are restored from a snapshot. */
export interface RestoringText {
  readonly bytes: string;
  readonly names: SnapshotExports;
}

/**
 * The core modules with their limits and checks in them. Only in the disposable worker: these are a guest's bytes, and the
 * rewriting reads every instruction.
 */
export function rewriteModules(
  bytes: Uint8Array,
  ranges: readonly ModuleRange[],
  edits: readonly (readonly TextEdit[])[],
  job: RewriteJob,
): RewrittenText[] | null {
  if (job === null) return null;
  return ranges.map(({ start, end }, i) => {
    const limited = applyEdits(bytes.subarray(start, end), (edits[i] ?? []).map(toEdit));
    // Modules of one instance share its fuel, so that it bounds the start functions, too.
    const { interrupt, fuel, snapshot = false } = job;
    const options = { interrupt, fuel: fuel ? ('shared' as const) : (false as const), snapshot };
    const rewritten = rewrite(limited, options);
    if (snapshot && rewritten.whyNoSnapshot !== null) {
      const why = `core module ${i}: ${rewritten.whyNoSnapshot}`;
      throw new CofferdamError(
        'SNAPSHOT_UNSUPPORTED',
        `Its state cannot be captured: ${why}. Leave snapshot out of the manifest.`,
      );
    }
    const { bytes: code, memories } = rewritten;
    return { bytes: base64(code), memories, restoring: snapshot ? restoringOf(limited, options) : null };
  });
}

function restoringOf(module: Uint8Array, options: Parameters<typeof rewrite>[1]): RestoringText | null {
  const { bytes, snapshot } = rewrite(module, { ...options, restore: true });
  return snapshot && { bytes: base64(bytes), names: snapshot };
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}
