import { Output, type OutputStream } from './output.ts';

/** What a command can reach beside the files that it is told of. Made in main.ts, so that nothing else touches `process`. */
export interface Io {
  readonly stdin: AsyncIterable<Uint8Array>;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly cwd: string;
}

export function makeIo(parts: {
  stdin: AsyncIterable<Uint8Array>;
  stdout: OutputStream;
  stderr: OutputStream;
  cwd: string;
}): Io {
  return { ...parts, stdout: new Output(parts.stdout), stderr: new Output(parts.stderr) };
}
