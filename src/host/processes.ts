import { serialize } from 'node:v8';
import { Processes } from '../compartment/process/processes.ts';
import type { GuestSource } from './guest-code.ts';

const isSource = import.meta.url.endsWith('.ts');

/** The processes of all hosts of this process. In a build all code is in one folder. */
export const processes = new Processes({
  entry: new URL(isSource ? './guest-process.ts' : './guest-process.js', import.meta.url),
  readable: new URL(isSource ? '../' : './', import.meta.url),
});

/** Compiled modules do not go to another process; their bytes do. */
export interface ProcessSource {
  readonly source: Omit<GuestSource, 'modules'>;
  readonly code: readonly Uint8Array[];
}

/** What a process is told its guest is made of. */
export function startOf({ modules, ...source }: GuestSource, code: readonly Uint8Array[]): Uint8Array {
  return serialize({ source, code } satisfies ProcessSource);
}
