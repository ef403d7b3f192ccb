import { Output, type OutputStream } from './output.ts';

/** What a command can reach beside the files that it is told of. Made in main.ts, so that nothing else touches `process`. */
export interface Io {
  readonly stdin: AsyncIterable<Uint8Array>;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly cwd: string;
}

interface Streams {
  readonly stdin: AsyncIterable<Uint8Array>;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
}

export function makeIo(streams: Streams, cwd: string): Io {
  return {
    // Not before it is asked for: Node opens it then.
    get stdin() {
      return streams.stdin;
    },
    stdout: new Output(streams.stdout),
    stderr: new Output(streams.stderr),
    cwd,
  };
}
