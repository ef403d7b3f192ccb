import { registerHooks } from 'node:module';
import { CofferdamError } from '../error.ts';
import { capLimits } from '../wasm/rewrite-limits.ts';

type WasmTools = typeof import('@bytecodealliance/jco-transpile/wasm-tools');

/** Of wasm-tools itself, which keeps a few copies of what it works on. */
const TOOL_LIMITS = { memoryBytes: 1_073_741_824, tableEntries: 100_000 };

type Bindgen = typeof import('@bytecodealliance/jco-transpile/component');

let loaded: Promise<WasmTools> | null = null;
let bindgen: Promise<Bindgen> | null = null;

/**
 * Starts loading wasm-tools (some 40 ms), once per thread. Only for the disposable worker: it is fed hostile bytes, and
 * unusable after a trap. Its memory is capped as a guest's is, since no limit of the worker counts it.
 */
export function loadWasmTools(): Promise<WasmTools> {
  loaded ??= importCapped(async () => {
    const tools = await import('@bytecodealliance/jco-transpile/wasm-tools');
    // The first call waits until the modules are compiled; it fails, as it is given nothing.
    await tools.metadataShow(new Uint8Array()).catch(() => null);
    return tools;
  });
  return loaded;
}

/** The same for the part of jco that writes JavaScript for components, and that no other kind of guest needs. */
export function loadBindgen(): Promise<Bindgen> {
  bindgen ??= loadWasmTools().then(() =>
    importCapped(async () => {
      const part = await import('@bytecodealliance/jco-transpile/component');
      await part.$init;
      return part;
    }),
  );
  return bindgen;
}

/**
 * wasm-tools wants a WASI, and the one for Node brings a thread with files and sockets, which hostile bytes shall not
 * come near: it gets the one for browsers, with nothing behind it. (A build does the same when it bundles.)
 */
function giveEmptyWasi(): void {
  registerHooks({
    resolve(specifier, context, next) {
      const found = next(specifier, context);
      if (!specifier.startsWith('@bytecodealliance/preview2-shim/')) return found;
      return { ...found, url: found.url.replace('/dist/nodejs/', '/dist/browser/') };
    },
  });
}

async function importCapped<T>(load: () => Promise<T>): Promise<T> {
  giveEmptyWasi();
  const { compile } = WebAssembly;
  WebAssembly.compile = (bytes) => compile(capLimits(viewOf(bytes), TOOL_LIMITS));
  try {
    return await load();
  } finally {
    WebAssembly.compile = compile;
  }
}

/** wasm-tools said no: an answer. Anything else that it throws is the end of it. */
export function isRefusal(error: unknown): error is Error {
  return error instanceof Error && error.constructor.name === 'ComponentError';
}

/** What a call of wasm-tools threw, when it was no refusal. */
export function toolsBroken(cause: unknown): CofferdamError {
  return new CofferdamError('LOAD_CRASHED', 'wasm-tools broke down over these bytes — do not use them.', {
    cause,
    details: { poisoned: true },
  });
}

function viewOf(bytes: ArrayBufferView | ArrayBuffer): Uint8Array {
  return ArrayBuffer.isView(bytes)
    ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    : new Uint8Array(bytes);
}
