import { CofferdamError } from '../../error.ts';
import { malformed } from './protocol.ts';

const NEWLINE = 0x0a;

/** Lines of UTF-8 as they come; what follows the last line end is none. Throws CONTROL_LIMIT, CONTROL_REQUEST. */
export async function* readLines(chunks: AsyncIterable<Buffer>, maxBytes: number): AsyncGenerator<string, void> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of chunks) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    for (let end = rest.indexOf(NEWLINE); end >= 0; end = rest.indexOf(NEWLINE)) {
      if (end > maxBytes) break;
      const line = rest.subarray(0, end);
      rest = rest.subarray(end + 1);
      yield decode(decoder, line);
    }
    if (rest.length > maxBytes) {
      throw new CofferdamError('CONTROL_LIMIT', `A message on the control socket is longer than ${maxBytes} bytes.`);
    }
  }
}

function decode(decoder: TextDecoder, line: Buffer): string {
  try {
    return decoder.decode(line);
  } catch {
    throw malformed('it is not UTF-8');
  }
}
