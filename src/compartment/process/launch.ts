import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { CofferdamError } from '../../error.ts';
import { died } from '../remote/died.ts';
import { Channel } from './channel.ts';
import { channelFolder, openNameless } from './channel-file.ts';
import { Child } from './child.ts';
import { inherited } from './inherited.ts';
import { CHANNEL_BYTES, MAX_FRAME_BYTES } from './layout.ts';
import { ProcessTransport } from './process-transport.ts';

export interface LaunchOptions {
  /** What the child runs. */
  readonly entry: URL;
  /** The folder of its code, which it may read until it has loaded it. */
  readonly readable: URL;
  /** Of the child's JavaScript: values on their way, not the guest's memory. */
  readonly heapMebibytes?: number;
}

/** Values are copied a few times on their way through a child; what a guest keeps is in its own memory. */
const HEAP_MEBIBYTES = 512;
/** Young objects: a child makes few, and each megabyte counts once per instance. */
const YOUNG_MEBIBYTES = 16;

/**
 * Starts a child that can reach nothing but its channel: no file but this package's (and none once it has loaded), no
 * network, no process, no addon, no inspector; an empty environment, `/` as its folder, a session and a process group of
 * its own, and none of the host's open files. Throws OPTION_UNENFORCEABLE where the system cannot do that.
 */
export function launch(options: LaunchOptions): { readonly child: Child; readonly transport: ProcessTransport } {
  assertAvailable(process.platform);
  const folder = channelFolder();
  const channel = openNameless(folder, CHANNEL_BYTES);
  let log = -1;
  try {
    log = openNameless(folder, 0);
    const child = adopt(start(options, channel, log), log);
    return { child, transport: new ProcessTransport(new Channel(channel, 0, MAX_FRAME_BYTES), child) };
  } catch (error) {
    closeSync(channel);
    if (log >= 0) closeSync(log);
    throw error;
  }
}

function start(options: LaunchOptions, channel: number, log: number): ChildProcess {
  const { entry, readable, heapMebibytes = HEAP_MEBIBYTES } = options;
  return spawn(
    process.execPath,
    [
      '--permission',
      `--allow-fs-read=${fileURLToPath(readable)}`,
      // Two threads: one ends the child with its host, one ends what runs too long. Dropped before any guest is there.
      '--allow-worker',
      '--disable-sigusr1',
      // It opens files whatever the permissions say.
      '--no-experimental-sqlite',
      '--no-experimental-webstorage',
      '--no-warnings',
      `--max-old-space-size=${heapMebibytes}`,
      `--max-semi-space-size=${YOUNG_MEBIBYTES}`,
      fileURLToPath(entry),
      ...inherited().map(String),
    ],
    // The child's descriptors: 0 ends with the host, 2 the last words, 3 the doorbell, 4 the channel.
    { stdio: ['pipe', 'ignore', log, 'pipe', channel], env: {}, cwd: '/', detached: true },
  );
}

function adopt(process: ChildProcess, log: number): Child {
  const { pid } = process;
  if (pid === undefined) {
    // The reason comes as an event, which must find somebody.
    process.on('error', () => undefined);
    throw died('the system starts no more processes');
  }
  // Opened before anything can be reaped: this stays the file of this very process.
  return new Child(process, openSync(`/proc/${pid}/stat`, 'r'), log);
}

/** Elsewhere nothing tells a blocked host that a child has died. */
function assertAvailable(platform: string): void {
  if (platform === 'linux') return;
  throw new CofferdamError(
    'OPTION_UNENFORCEABLE',
    `Compartments of kind 'process' need Linux, this is ${platform} - use kind: worker`,
    { details: { kind: 'process', platform } },
  );
}
