import { isScalar, KERNEL, makeAdapter, makeGate, readFault } from '../../../src/abi/fused/index.ts';
import { callerSignature } from '../../../src/abi/fused/signature.ts';
import { CofferdamError } from '../../../src/error.ts';
import { ModuleWriter } from '../../../src/wasm/module-writer.ts';
import type { FuncType } from '../../../src/wasm/types.ts';
import type { Core } from '../reference.ts';

/** One side of a crossing, played by JavaScript: a memory with a bump allocator. */
export class Party {
  readonly memory = new WebAssembly.Memory({ initial: 1 });
  top = 4096;
  /** What realloc does instead, if not null. */
  answer: ((align: number, size: number) => number) | null = null;
  /** Sizes that realloc was asked for. */
  readonly asked: number[] = [];

  get view(): DataView {
    return new DataView(this.memory.buffer);
  }

  readonly realloc = (old: number, oldSize: number, align: number, size: number): number => {
    if (old !== 0 || oldSize !== 0) throw new Error('nothing is ever resized');
    this.asked.push(size);
    return this.answer === null ? this.room(align, size) : this.answer(align, size);
  };

  /** Grows the memory as needed. */
  room(align: number, size: number): number {
    const at = Math.ceil(this.top / align) * align;
    this.top = at + size;
    const missing = Math.ceil((this.top - this.memory.buffer.byteLength) / 65536);
    if (missing > 0) this.memory.grow(missing);
    return at;
  }

  put(bytes: Uint8Array, align = 1): number {
    const at = this.room(align, bytes.length);
    new Uint8Array(this.memory.buffer).set(bytes, at);
    return at;
  }
}

export interface RingRecord {
  readonly port: number;
  readonly isReply: boolean;
  readonly count: number;
  readonly requestBytes: number;
  readonly replyBytes: number;
}

export const CALLER_CELL = 16;
export const CALLEE_CELL = 20;
export const RING_START = 64;
export const PORT = 7;
/** Chain 5, free to leave. */
export const STATE = 5 << 1;

export interface SceneOptions {
  readonly postReturn?: boolean;
  readonly maxBytes?: number;
  readonly ringRecords?: number;
  readonly drainFails?: boolean;
  readonly onPost?: () => void;
}

/** A kernel, a gate and what is behind it, for one function type. The caller is inside a call. */
export class Scene {
  readonly caller = new Party();
  readonly callee = new Party();
  readonly kernel = new DataView(new ArrayBuffer(0));
  readonly call: (...args: Core[]) => Core | undefined;
  readonly drained: RingRecord[] = [];
  readonly posted: (Core | undefined)[] = [];
  misses = 0;
  /** Runs at the end of a miss. */
  onMiss: (misses: number) => void = () => undefined;
  drains = 0;
  readonly gate: WebAssembly.Instance['exports'];

  constructor(type: FuncType, target: (...args: Core[]) => Core | undefined, options: SceneOptions = {}) {
    const { postReturn = false, maxBytes = 1 << 20, ringRecords = 8 } = options;
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
    this.kernel = new DataView(memory.buffer);
    this.write(RING_START - KERNEL.RECORD_BYTES, KERNEL.NO_PORT);
    this.write(KERNEL.EPOCH, 1);
    this.write(KERNEL.W, RING_START);
    this.write(KERNEL.END, RING_START + ringRecords * KERNEL.RECORD_BYTES);
    this.write(CALLER_CELL, STATE);
    const refuse = (reason: number) => {
      throw new Error(`refused ${reason}`);
    };
    const fault = (argument: number) => {
      const { code, side } = readFault(argument);
      throw new CofferdamError(code, side);
    };
    const drain = () => {
      if (options.drainFails) throw new Error('no disk');
      this.drains++;
      this.drained.push(...this.ring());
      this.write(KERNEL.W, RING_START);
    };
    const shared = { memory, refuse, fault, drain, caller: CALLER_CELL };
    const post = (result?: Core) => {
      options.onPost?.();
      this.posted.push(result);
    };
    const signature = callerSignature(type);
    const behind = isScalar(type)
      ? asWasm(target, signature)
      : instantiate(makeAdapter(type, { postReturn }), {
          k: { ...shared, callee: CALLEE_CELL, port: PORT, maxBytes },
          a: { memory: this.caller.memory, realloc: this.caller.realloc },
          b: { memory: this.callee.memory, realloc: this.callee.realloc, call: target, post },
        }).call;
    const miss = () => {
      this.misses++;
      (this.gate.slot as WebAssembly.Table).set(0, behind);
      (this.gate.callee as WebAssembly.Global).value = CALLEE_CELL;
      (this.gate.port as WebAssembly.Global).value = PORT;
      (this.gate.decided as WebAssembly.Global).value = this.read(KERNEL.EPOCH);
      this.onMiss(this.misses);
    };
    this.gate = instantiate(makeGate(type), { k: { ...shared, miss } });
    this.call = this.gate.call as (...args: Core[]) => Core | undefined;
  }

  read(address: number): number {
    return this.kernel.getUint32(address, true);
  }

  write(address: number, value: number): void {
    this.kernel.setUint32(address, value, true);
  }

  /** State cells of caller and callee. */
  get cells(): [number, number] {
    return [this.read(CALLER_CELL), this.read(CALLEE_CELL)];
  }

  /** Records that were not drained yet. */
  ring(): RingRecord[] {
    const records: RingRecord[] = [];
    for (let at = RING_START; at < this.read(KERNEL.W); at += KERNEL.RECORD_BYTES) {
      const port = this.read(at + KERNEL.PORT);
      records.push({
        port: port & ~KERNEL.REPLY_BIT,
        isReply: port >= KERNEL.REPLY_BIT,
        count: this.read(at + KERNEL.COUNT),
        requestBytes: this.read(at + KERNEL.REQUEST_BYTES),
        replyBytes: this.read(at + KERNEL.REPLY_BYTES),
      });
    }
    return records;
  }
}

export function instantiate(bytes: Uint8Array, imports: WebAssembly.Imports): WebAssembly.Instance['exports'] {
  return new WebAssembly.Instance(new WebAssembly.Module(bytes), imports).exports;
}

/** A JavaScript function that a table takes. */
function asWasm(target: (...args: Core[]) => Core | undefined, signature: ReturnType<typeof callerSignature>): unknown {
  const module = new ModuleWriter();
  module.export('f', 'function', module.importFunction('m', 'f', signature));
  return instantiate(module.finish(), { m: { f: target } }).f;
}
