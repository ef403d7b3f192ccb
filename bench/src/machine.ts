import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, totalmem } from 'node:os';

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
export function describeVersions(): Record<string, string | null> {
  return {
    cofferdam: versionAt(new URL('../../package.json', import.meta.url)),
    node: process.versions.node,
    v8: process.versions.v8,
    // jco 1.35 is a command line around this package.
    'jco-1.35': versionAt(new URL('../package.json', import.meta.resolve('@bytecodealliance/jco-transpile'))),
    'jco-1.10': versionAt(new URL('../peers/node_modules/jco-1.10/package.json', import.meta.url)),
    extism: versionAt(new URL('../peers/node_modules/@extism/extism/package.json', import.meta.url)),
  };
}

function versionAt(manifest: URL): string | null {
  try {
    const { name, version } = JSON.parse(readFileSync(manifest, 'utf8')) as { name: string; version: string };
    return name === 'cofferdam' ? version : `${name} ${version}`;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
