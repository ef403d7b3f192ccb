import { styleText } from 'node:util';
import { printable } from '../audit/index.ts';
import { CofferdamError } from '../error.ts';

type Style = Parameters<typeof styleText>[0];
/** What a terminal or a pipe gives us; `process.stdout` is one. */
export type OutputStream = NodeJS.WritableStream & { readonly isTTY?: boolean };

/** One stream that the command line writes to. A reader that goes away (`| head`) ends the writing, not the program. */
export class Output {
  readonly #stream: OutputStream;
  #pending: Promise<void> = Promise.resolve();
  #failure: Error | null = null;
  #hasReader = true;

  constructor(stream: OutputStream) {
    this.#stream = stream;
    stream.on('error', (error: Error) => this.#fail(error));
  }

  get isTerminal(): boolean {
    return this.#stream.isTTY === true;
  }

  /** False once the other end of the pipe is closed: what is written then goes nowhere. */
  get hasReader(): boolean {
    return this.#hasReader;
  }

  /** Resolves when the text is handed to the system. Throws CLI_OUTPUT when it cannot be. */
  async write(text: string): Promise<void> {
    if (!this.#hasReader || text === '') return;
    const written = new Promise<void>((resolve) => {
      this.#stream.write(text, (error) => {
        if (error) this.#fail(error);
        resolve();
      });
    });
    this.#pending = written;
    await this.flush();
  }

  /** Resolves when everything is written. */
  async flush(): Promise<void> {
    await this.#pending;
    if (this.#failure === null) return;
    throw new CofferdamError('CLI_OUTPUT', `The output cannot be written (${this.#failure.message}).`, {
      cause: this.#failure,
    });
  }

  /** Colour where a person sees it: on a terminal, and not against NO_COLOR. */
  style(style: Style, text: string): string {
    return styleText(style, text, { stream: this.#stream as NodeJS.WriteStream });
  }

  #fail(error: Error): void {
    const code = 'code' in error ? error.code : null;
    if (code === 'EPIPE' || code === 'ECONNRESET' || code === 'ERR_STREAM_DESTROYED') this.#hasReader = false;
    else this.#failure ??= error;
  }
}

/** Text with names or messages that may come from a guest: nothing in it moves the cursor or hides a part. */
export function safeLines(text: string): string {
  return text.split('\n').map(printable).join('\n');
}
