import { MAX_LIST_BYTES } from '../../abi/index.ts';
import type { World } from '../../wasm/types.ts';
import type { Code } from '../contract.ts';
import { frameBytesFor } from '../remote/frame.ts';
import { RemoteCode } from '../remote/parent.ts';
import type { Processes } from './processes.ts';

export interface ProcessOptions {
  readonly world: World;
  readonly sha256: string;
  readonly limits: { readonly messageBytes: number };
  /** What a child is told its guest is made of. */
  readonly start: Uint8Array;
  readonly processes: Processes;
}

/**
 * Code whose instances run in processes, one for each. Throws ABI_UNSUPPORTED (handles, async), ABI_TYPE_LIMIT,
 * OPTION_UNENFORCEABLE or COMPARTMENT_DIED.
 */
export function makeProcessCode({ start, processes, ...rest }: ProcessOptions): Code {
  const maxBytes = frameBytesFor(Math.min(rest.limits.messageBytes, MAX_LIST_BYTES));
  const launch = () => {
    const process = processes.take();
    process.transport.maxBytes = maxBytes;
    return { transport: process.transport, start, isStarted: false, end: () => processes.end(process) };
  };
  const code = new RemoteCode({ kind: 'process', launch, ...rest });
  processes.warm();
  return code;
}
