import { parentPort } from 'node:worker_threads';
import { CofferdamError } from '../error.ts';
import { type Answer, MAX_ANSWER_CHARACTERS } from './answer.ts';
import { messageOf } from './bounded-text.ts';
import { examine } from './examine.ts';
import type { Request } from './request.ts';
import { writeShared } from './shared-json.ts';
import { understand } from './understand.ts';

// The disposable worker's entry: reads hostile bytes, answers with JSON text, one job after the other. The parent ends
// it when a job takes too long or leaves wasm-tools unusable, and trusts the answer no more than the bytes.

async function answer(request: Request): Promise<Answer> {
  try {
    const text = request.task === 'examine' ? JSON.stringify(examine(request)) : writeShared(await understand(request));
    if (text.length <= MAX_ANSWER_CHARACTERS) return { ok: true, text };
    return failure('LOAD_TOO_LARGE', 'The description of the module is too large — do not use this file.');
  } catch (error) {
    if (error instanceof CofferdamError) return failure(error.code, error.message, error.details);
    return failure('LOAD_CRASHED', `The parser broke down — do not use this file: ${messageOf(error)}`);
  }
}

function failure(code: string, message: string, details: object = {}): Answer {
  return { ok: false, code, message, details: JSON.stringify(details, plainNumbers) };
}

/** JSON has no bigint; a detail is for people to read. */
function plainNumbers(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}

parentPort?.on('message', async (request: Request) => {
  parentPort?.postMessage(await answer(request));
});
