import wabtInit from 'wabt';
import {
  FUEL,
  FUEL_EXPORT,
  INTERRUPT,
  REWRITE_MODULE,
  type RewriteOptions,
  type Rewritten,
  rewrite,
} from '../../../src/wasm/rewrite/index.ts';

const wabt = await wabtInit();
const FEATURES = {
  exceptions: true,
  mutable_globals: true,
  sat_float_to_int: true,
  sign_extension: true,
  simd: true,
  threads: true,
  multi_value: true,
  tail_call: true,
  bulk_memory: true,
  reference_types: true,
  extended_const: true,
  memory64: true,
  multi_memory: true,
  function_references: true,
  gc: true,
  relaxed_simd: true,
} as const;

export function wat(text: string): Uint8Array {
  const module = wabt.parseWat('test.wat', text, FEATURES);
  try {
    return Uint8Array.from(module.toBinary({ write_debug_names: true }).buffer);
  } finally {
    module.destroy();
  }
}

const INTERRUPT_ONLY: RewriteOptions = { interrupt: true, fuel: false, snapshot: false };

export function rewritten(module: Uint8Array, options: Partial<RewriteOptions> = {}): Rewritten {
  return rewrite(module, { ...INTERRUPT_ONLY, ...options });
}

/** An instance of a rewritten module, with what a runtime gives it. */
export interface Guest {
  readonly exports: WebAssembly.Instance['exports'];
  readonly memories: readonly WebAssembly.Memory[];
  readonly fuel: WebAssembly.Global | null;
  call(name: string, ...args: unknown[]): unknown;
  /** Sets the run word. */
  interrupt(value: number): void;
}

/** `sharedFuel` is that of another guest, for modules that share it. */
export function run(
  module: Rewritten,
  imports: WebAssembly.Imports = {},
  fuel = 2n ** 62n,
  sharedFuel: WebAssembly.Global | null = null,
): Guest {
  const interruptMemory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const word = new Int32Array(interruptMemory.buffer);
  const memories = module.memories.map(makeMemory);
  const shared = sharedFuel ?? new WebAssembly.Global({ value: 'i64', mutable: true }, fuel);
  const ours: Record<string, WebAssembly.ImportValue> = {};
  for (const [i, { name }] of module.memories.entries()) ours[name] = memories[i] as WebAssembly.Memory;
  if (module.importsInterrupt) ours[INTERRUPT] = interruptMemory;
  if (module.fuel === 'shared') ours[FUEL] = shared;
  const compiled = new WebAssembly.Module(module.bytes as Uint8Array<ArrayBuffer>);
  const { exports } = new WebAssembly.Instance(compiled, { ...imports, [REWRITE_MODULE]: ours });
  const own = exports[FUEL_EXPORT] as WebAssembly.Global | undefined;
  if (own !== undefined) own.value = fuel;
  return {
    exports,
    memories,
    fuel: module.fuel === false ? null : (own ?? shared),
    call: (name, ...args) => (exports[name] as (...args: unknown[]) => unknown)(...args),
    interrupt: (value) => Atomics.store(word, 0, value),
  };
}

function makeMemory({ initialPages, maximumPages, index64 }: Rewritten['memories'][number]): WebAssembly.Memory {
  const size = (pages: number) => (index64 ? BigInt(pages) : pages) as number;
  return new WebAssembly.Memory({
    initial: size(initialPages),
    ...(maximumPages === null ? {} : { maximum: size(maximumPages) }),
    ...(index64 ? { address: 'i64' } : {}),
  } as ConstructorParameters<typeof WebAssembly.Memory>[0]);
}
