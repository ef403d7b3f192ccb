import { type ModuleRange, type OwnMemory, rewrite } from '../wasm/index.ts';
import { applyEdits } from '../wasm/rewrite-limits.ts';
import { arrayOf, type Is, isBoolean, isIndex, isText, nullable, object } from './shape.ts';
import { type TextEdit, toEdit } from './understand.ts';

/** What the code of a compartment is rewritten for; null: it is compiled as it is, but for its limits. */
export type RewriteJob = { readonly interrupt: boolean; readonly fuel: boolean } | null;

/** A core module that was rewritten, as text: bytes in base64. */
export interface RewrittenText {
  readonly bytes: string;
  readonly memories: readonly OwnMemory[];
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
    const { bytes: rewritten, memories } = rewrite(limited, {
      interrupt: job.interrupt,
      fuel: job.fuel ? 'shared' : false,
      snapshot: false,
    });
    return { bytes: Buffer.from(rewritten).toString('base64'), memories };
  });
}

export const isRewritten: Is = arrayOf(
  object({
    bytes: isText,
    memories: arrayOf(
      object({ name: isText, initialPages: isIndex, maximumPages: nullable(isIndex), index64: isBoolean }),
    ),
  }),
);
