import type { FunctionBody } from '../../wasm/function-body.ts';
import type { ModuleWriter, Signature } from '../../wasm/module-writer.ts';
import type { ValType } from '../../wasm/types.ts';
import { KERNEL_MEMORY } from './crossing-code.ts';
import { CALLEE_AT_FAULT, FAULTS, type Fault } from './kernel.ts';
import { shapeOf } from './shape.ts';

/** One direction: where values come from and go to. Numbers are indices in the module. */
export interface Way {
  /** Memories. */
  readonly from: number;
  readonly to: number;
  /** The receiver's; null if nothing that goes this way needs room. */
  readonly realloc: number | null;
  /** What is added to a fault of the side that gives the values, and of the one that gets them. */
  readonly giver: number;
  readonly taker: number;
}

export const REQUEST = { giver: 0, taker: CALLEE_AT_FAULT } as const;
export const REPLY = { giver: CALLEE_AT_FAULT, taker: 0 } as const;

/** What both directions of a module share. */
export interface Parts {
  readonly module: ModuleWriter;
  /** The function that throws. */
  readonly fault: number;
  /** Global: address of the callee's state cell. */
  readonly callee: number;
  /** Globals: the limit of a message, and the bytes that the one being translated has come to. Null for scalars. */
  readonly message: { readonly maxBytes: number; readonly used: number } | null;
}

/**
 * Emits code that carries values one way, with the checks that lift and lower would make. What is loaded is loaded once:
 * checks look at what was copied or at what will be stored, never at the giver's memory again.
 */
export class Translator {
  readonly way: Way;
  readonly #parts: Parts;
  readonly #helpers = new Map<string, number>();

  constructor(parts: Parts, way: Way) {
    this.#parts = parts;
    this.way = way;
  }

  /** The function that plays `role` for types of this shape, made once. */
  helper(role: string, type: ValType | null, signature: Signature, write: (body: FunctionBody) => void): number {
    const key = type === null ? role : `${role} ${shapeOf(type)}`;
    let index = this.#helpers.get(key);
    if (index === undefined) {
      const { index: own, body } = this.#parts.module.define(signature);
      this.#helpers.set(key, own);
      write(body);
      index = own;
    }
    return index;
  }

  giverFault(body: FunctionBody, fault: Fault): void {
    this.#fault(body, fault, this.way.giver);
  }

  /**
   * Checks a pointer in a local: the giver's to its values, or the taker's to where it wants a result. `count` pushes a
   * number of bytes below 2^32.
   */
  checkPointer(body: FunctionBody, of: 'giver' | 'taker', pointer: number, align: number, count: () => unknown): void {
    const memory = of === 'giver' ? this.way.from : this.way.to;
    emitRangeCheck(body, memory, { pointer, align, count }, (fault) => this.#fault(body, fault, this.way[of]));
  }

  /** Counts the bytes in a local towards the limit of the message. */
  charge(body: FunctionBody, count: number): void {
    const { message } = this.#parts;
    if (message === null) throw new Error('A scalar was counted');
    const { used, maxBytes } = message;
    const sum = body.local('i32');
    // Both below 2^28, so that the sum cannot wrap.
    body.getGlobal(used).get(count).op('i32.add').tee(sum).getGlobal(maxBytes).op('i32.gt_u');
    body.rarely(() => this.giverFault(body, 'LIMIT_MESSAGE'));
    body.get(sum).setGlobal(used);
    body.release(sum);
  }

  /** Room of the taker's for the bytes counted in a local; leaves its address in `pointer`. */
  allocate(body: FunctionBody, pointer: number, align: number, count: number): void {
    const { to, taker, realloc } = this.way;
    if (realloc === null) throw new Error('A direction without realloc was asked for room');
    body.i32(0).i32(0).i32(align).get(count).call(realloc).set(pointer);
    const range = { pointer, align, count: () => body.get(count) };
    emitRangeCheck(body, to, range, () => this.#fault(body, 'ABI_REALLOC', taker));
  }

  /** A callee is free again when its caller lied: it did nothing wrong, and must not be ended with the caller. */
  #fault(body: FunctionBody, fault: Fault, side: number): void {
    if (side !== CALLEE_AT_FAULT) body.getGlobal(this.#parts.callee).i32(0).memory('i32.store', KERNEL_MEMORY);
    body
      .i32(FAULTS.indexOf(fault) | side)
      .call(this.#parts.fault)
      .op('unreachable');
  }
}

/** Against the memory as it is now, in 64 bits, where no sum wraps around. */
function emitRangeCheck(
  body: FunctionBody,
  memory: number,
  { pointer, align, count }: { pointer: number; align: number; count: () => unknown },
  fail: (fault: 'ABI_ALIGNMENT' | 'ABI_POINTER') => void,
): void {
  if (align > 1) {
    body
      .get(pointer)
      .i32(align - 1)
      .op('i32.and');
    body.rarely(() => fail('ABI_ALIGNMENT'));
  }
  body.get(pointer).op('i64.extend_i32_u');
  count();
  body.op('i64.extend_i32_u', 'i64.add').memorySize(memory);
  body.op('i64.extend_i32_u').i64(16n).op('i64.shl', 'i64.gt_u');
  body.rarely(() => fail('ABI_POINTER'));
}
