import { availableParallelism, cpus, totalmem } from 'node:os';
import { VERSION } from '../version.ts';
import type { Peers } from './peers.ts';

/** What the figures depend on, and nothing that names the machine. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly os: string;
}

export function describeMachine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    os: `${process.platform} ${process.arch}`,
  };
}

/** What was measured; null for a peer that is not installed. */
export function describeVersions(peers: Peers): Record<string, string | null> {
  return {
    cofferdam: VERSION,
    node: process.versions.node,
    v8: process.versions.v8,
    // jco 1.35 is a command line around this package.
    'jco-1.35': peers.describe('@bytecodealliance/jco-transpile'),
    'jco-1.10': peers.describe('jco-1.10'),
    extism: peers.describe('@extism/extism'),
    comlink: peers.describe('comlink'),
    tinypool: peers.describe('tinypool'),
  };
}
