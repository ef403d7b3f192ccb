import { Threads } from '../compartment/remote/threads.ts';

/**
 * The threads of all hosts of the process. Both entries stand beside the code that starts them under its own ending: in the
 * source tree each in its room, in a build all in one folder.
 */
export const threads = new Threads(
  entry('./guest-thread.ts', './guest-thread.js'),
  entry('../compartment/remote/warden.ts', './warden.js'),
);

function entry(source: string, built: string): URL {
  return new URL(import.meta.url.endsWith('.ts') ? source : built, import.meta.url);
}
