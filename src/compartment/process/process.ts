import { MAX_LIST_BYTES } from '../../abi/index.ts';
import type { World } from '../../wasm/types.ts';
import type { Code } from '../contract.ts';
import { frameBytesFor } from '../remote/frame.ts';
import { RemoteCode } from '../remote/remote-code.ts';
import type { Processes } from './processes.ts';

export interface ProcessOptions {
  readonly world: World;
  readonly sha256: string;
  readonly limits: { readonly messageBytes: number };
  /** Its instances start from a state that the first of them makes, of at most so many bytes; null: they do not. */
  readonly maxStateBytes: number | null;
  /** What a child is told its guest is made of, and the state that it starts from. */
  readonly startOf: (state: Uint8Array | null) => Uint8Array;
  readonly processes: Processes;
}

/**
 * Code whose instances run in processes, one for each. Throws ABI_UNSUPPORTED (handles, async), ABI_TYPE_LIMIT,
 * OPTION_UNENFORCEABLE or COMPARTMENT_DIED.
 */
export function makeProcessCode({ startOf, processes, ...rest }: ProcessOptions): Code {
  const maxBytes = frameBytesFor(Math.min(rest.limits.messageBytes, MAX_LIST_BYTES));
  let first: Uint8Array | null = null;
  let later: Uint8Array | null = null;
  const launch = (state: Uint8Array | null) => {
    const process = processes.take();
    if (state === null) first ??= startOf(null);
    else later ??= startOf(state);
    const start = later ?? (first as Uint8Array);
    process.transport.maxBytes = maxBytes;
    return { transport: process.transport, start, isStarted: false, end: () => processes.end(process) };
  };
  const code = new RemoteCode({ kind: 'process', launch, ...rest });
  processes.warm();
  return code;
}
