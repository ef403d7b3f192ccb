import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { parentPort } from 'node:worker_threads';
import type { Opinion } from './oracle.ts';

interface WasmTools {
  readonly $init: Promise<unknown>;
  readonly tools: { componentWit(bytes: Uint8Array): string };
}

const require = createRequire(import.meta.url);
const vendor = new URL(
  '../vendor/wasm-tools.js',
  pathToFileURL(require.resolve('@bytecodealliance/jco-transpile/wasm-tools')),
);
let starts = 0;
let current: Promise<WasmTools> | null = null;

/** A query makes it a module of its own: an instance that trapped once answers nothing any more. */
async function start(): Promise<WasmTools> {
  const module = (await import(`${vendor.href}?start=${starts++}`)) as WasmTools;
  await module.$init;
  return module;
}

async function judge(bytes: Uint8Array): Promise<Opinion> {
  current ??= start();
  const { tools } = await current;
  try {
    tools.componentWit(bytes);
    return { kind: 'valid' };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    if (error instanceof Error && error.constructor.name === 'ComponentError') {
      // Its validator and parser name an offset; what comes without is about WIT, after the component was found valid.
      return message.includes('(at offset') ? { kind: 'invalid', message } : { kind: 'valid' };
    }
    current = null;
    return { kind: 'broken', message };
  }
}

parentPort?.on('message', async (components: readonly Uint8Array[]) => {
  const opinions: Opinion[] = [];
  for (const bytes of components) opinions.push(await judge(bytes));
  parentPort?.postMessage(opinions);
});
