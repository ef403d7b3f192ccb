import type { FunctionBody } from '../../wasm/function-body.ts';
import type { ModuleWriter } from '../../wasm/module-writer.ts';
import { KERNEL, REFUSAL } from './kernel.ts';

/** The kernel's memory is the first of every generated module. */
export const KERNEL_MEMORY = 0;

/** Function indices of what every generated module imports from the kernel, beside its memory. */
export interface KernelImports {
  readonly refuse: number;
  readonly drain: number;
  readonly fault: number;
}

export function importKernel(module: ModuleWriter): KernelImports {
  module.importSharedMemory('k', 'memory');
  return {
    refuse: module.importFunction('k', 'refuse', { params: ['i32'], results: [] }),
    drain: module.importFunction('k', 'drain', { params: [], results: [] }),
    fault: module.importFunction('k', 'fault', { params: ['i32'], results: [] }),
  };
}

/** And code that pushes the addresses of the two cells and the port. */
export interface CrossingEnds extends KernelImports {
  readonly caller: () => unknown;
  readonly callee: () => unknown;
  readonly port: () => unknown;
  /** Of crossings from the host: function index of what hears of the first record in an empty ring. */
  readonly first?: number;
}

/** The part of a crossing that all types share: who may enter whom, and the record. */
export class CrossingCode {
  readonly #body: FunctionBody;
  readonly #ends: CrossingEnds;
  /** The caller's cell, which the callee's takes over. */
  readonly #state: number;
  /** Address of the last record. */
  readonly #last: number;

  constructor(body: FunctionBody, ends: CrossingEnds) {
    this.#body = body;
    this.#ends = ends;
    this.#state = body.local('i32');
    this.#last = body.local('i32');
  }

  /** Refuses a caller that is outside of any call or may not leave, and a callee that is not free. */
  enter(mayLeave: boolean): void {
    const body = this.#body;
    this.#ends.caller();
    // Valid are even numbers but 0: the odd ones become the largest.
    this.#load().tee(this.#state).i32(1).op('i32.rotr').i32(1).op('i32.sub').i32(0x7fff_ffff).op('i32.ge_u');
    body.rarely(() => this.#refuse(REFUSAL.OUTSIDE));
    this.#ends.callee();
    this.#load().rarely(() => this.#refuse(REFUSAL.BUSY));
    this.setState('callee', mayLeave);
  }

  /** The same for a call of the host, which nothing is around: the callee is known to be free, and `state` pushes its cell. */
  enterFromHost(state: () => unknown): void {
    state();
    this.#body.set(this.#state);
    this.setState('callee', true);
  }

  /** Whether one side may leave, from here on. */
  setState(side: 'caller' | 'callee', mayLeave: boolean): void {
    this.#ends[side]();
    this.#body.get(this.#state);
    if (!mayLeave) this.#body.i32(KERNEL.NO_LEAVE).op('i32.or');
    this.#body.memory('i32.store', KERNEL_MEMORY);
  }

  /** A callee whose cell has changed let something fail and went on: its answer counts for nothing. */
  assertUntouched(): void {
    this.#ends.callee();
    this.#load().get(this.#state).op('i32.ne');
    this.#body.rarely(() => this.#refuse(REFUSAL.SWALLOWED));
  }

  exit(): void {
    this.#ends.callee();
    this.#body.i32(0).memory('i32.store', KERNEL_MEMORY);
  }

  /**
   * One more message in the last record if it is of this port and not full, else a new record. Where all messages have as
   * many bytes (`isFixed`), their number bounds the sums.
   */
  record(requestBytes: number, replyBytes: number, isFixed: boolean): void {
    const body = this.#body;
    const [head, bytes] = [body.local('i64'), body.local('i64')];
    const added = (BigInt(replyBytes) << 32n) | BigInt(requestBytes);
    const maxCount = isFixed ? maxFixedCount(requestBytes, replyBytes) : KERNEL.MAX_COUNT;
    this.#findLast();
    // Port and count in one word: what differs in the port, above the count, is larger than any count.
    body.get(this.#last).memory('i64.load', KERNEL_MEMORY).tee(head);
    this.#ends.port();
    body.op('i64.extend_i32_u', 'i64.xor').i64(32n).op('i64.rotl').i64(BigInt(maxCount)).op('i64.lt_u');
    const loadBytes = () => body.get(this.#last).memory('i64.load', KERNEL_MEMORY, KERNEL.REQUEST_BYTES);
    if (!isFixed) {
      const isFull = BigInt(2 ** 32 - KERNEL.MAX_BYTES);
      loadBytes()
        .i64((isFull << 32n) | isFull)
        .op('i64.and', 'i64.eqz', 'i32.and');
    }
    body.when(
      () => {
        body.get(this.#last, head).i64(0x1_0000_0000n).op('i64.add').memory('i64.store', KERNEL_MEMORY);
        loadBytes().i64(added).op('i64.add').set(bytes);
        body.get(this.#last, bytes).memory('i64.store', KERNEL_MEMORY, KERNEL.REQUEST_BYTES);
      },
      () => {
        const { first } = this.#ends;
        if (first !== undefined) {
          body.get(head).op('i32.wrap_i64').i32(KERNEL.NO_PORT).op('i32.eq');
          body.rarely(() => body.call(first));
        }
        this.#append({ replyBit: 0, count: 1 }, () => body.i64(added));
      },
    );
    body.release(head, bytes);
  }

  /**
   * Bytes that were not known when the message was recorded, pushed by `count`; into a record of their own if others have
   * come in between, or if the ring was emptied.
   */
  addBytes(of: 'request' | 'reply', count: () => unknown): void {
    const body = this.#body;
    const offset = of === 'request' ? KERNEL.REQUEST_BYTES : KERNEL.REPLY_BYTES;
    this.#findLast();
    body.get(this.#last).memory('i32.load', KERNEL_MEMORY, KERNEL.PORT);
    this.#ends.port();
    body.op('i32.eq');
    body.when(
      () => {
        body.get(this.#last, this.#last).memory('i32.load', KERNEL_MEMORY, offset);
        count();
        body.op('i32.add').memory('i32.store', KERNEL_MEMORY, offset);
      },
      () =>
        this.#append(of === 'request' ? { replyBit: 0, count: 0 } : { replyBit: KERNEL.REPLY_BIT, count: 1 }, () => {
          count();
          body.op('i64.extend_i32_u');
          if (of === 'reply') body.i64(32n).op('i64.shl');
        }),
    );
  }

  /**
   * A reply whose bytes are in its request's record already gets one of its own only if others have come in between: what
   * they brought the callee may be in it, so a trace must know that it came after them.
   */
  fixedReply(): void {
    this.#findLast();
    this.#body.get(this.#last).memory('i32.load', KERNEL_MEMORY, KERNEL.PORT);
    this.#ends.port();
    this.#body.op('i32.ne');
    this.#body.when(() => this.#append({ replyBit: KERNEL.REPLY_BIT, count: 1 }, () => this.#body.i64(0n)));
  }

  #append({ replyBit, count }: { replyBit: number; count: number }, bytes: () => void): void {
    const body = this.#body;
    const w = this.#last;
    const loadCell = (address: number) => body.i32(0).memory('i32.load', KERNEL_MEMORY, address);
    loadCell(KERNEL.W).tee(w);
    this.#ends.port();
    if (replyBit !== 0) body.i32(replyBit).op('i32.or');
    body.memory('i32.store', KERNEL_MEMORY, KERNEL.PORT);
    body.get(w).i32(count).memory('i32.store', KERNEL_MEMORY, KERNEL.COUNT);
    body.get(w);
    bytes();
    body.memory('i64.store', KERNEL_MEMORY, KERNEL.REQUEST_BYTES);
    body.i32(0).get(w).i32(KERNEL.RECORD_BYTES).op('i32.add').tee(w).memory('i32.store', KERNEL_MEMORY, KERNEL.W);
    loadCell(KERNEL.END).get(w).op('i32.le_u');
    body.rarely(() => body.call(this.#ends.drain));
  }

  #findLast(): void {
    this.#body.i32(0).memory('i32.load', KERNEL_MEMORY, KERNEL.W);
    this.#body.i32(KERNEL.RECORD_BYTES).op('i32.sub').set(this.#last);
  }

  #load(): FunctionBody {
    return this.#body.memory('i32.load', KERNEL_MEMORY);
  }

  #refuse(reason: number): void {
    this.#body.i32(reason).call(this.#ends.refuse).op('unreachable');
  }
}

/** So many messages of these sizes add up to less than 2^32 bytes. */
const maxFixedCount = (requestBytes: number, replyBytes: number): number =>
  Math.min(KERNEL.MAX_COUNT, Math.floor(0xffff_ffff / Math.max(requestBytes, replyBytes, 1)));
