import type { CoreItem } from '../wasm/plan.ts';
import { fault, tooLarge } from './fault.ts';
import { type BorrowScope, type Handle, HandleTable } from './handles.ts';
import type { GuestResource, ResourceClass, ResourceOwner } from './resource.ts';

/** A word whose lowest bit says that an instance may not leave: generated crossings look at it, and set it, too. */
export interface LeaveCell {
  readonly words: Int32Array;
  readonly at: number;
}

/** One component instance within an instance: its handles, and whether it may be entered and left just now. */
export class Scope {
  readonly handles = new HandleTable();
  #mayLeave = true;
  /** What generated crossings know of it, where there are any. */
  readonly #words: Int32Array | null;
  readonly #at: number;
  /** A call is inside. Kept only where a plan has several scopes. */
  entered = false;

  constructor(shared: LeaveCell | null = null) {
    this.#words = shared?.words ?? null;
    this.#at = shared?.at ?? 0;
  }

  /** False while an import of it runs and during realloc and post-return: no import may be called then. */
  get mayLeave(): boolean {
    return this.#mayLeave && (this.#words === null || ((this.#words[this.#at] as number) & 1) === 0);
  }

  set mayLeave(mayLeave: boolean) {
    this.#mayLeave = mayLeave;
    if (this.#words === null) return;
    const state = this.#words[this.#at] as number;
    this.#words[this.#at] = mayLeave ? state & ~1 : state | 1;
  }
}

/** A handle lent to an import, and the object that stands for it there (if the guest defines the resource). */
export interface Loan {
  readonly handle: Handle;
  readonly object: GuestResource | null;
}

/** The instance that a context belongs to. */
export interface ContextOwner extends ResourceOwner {
  /** What a core item of the plan is in this instance; null as long as it is not there yet. */
  resolve(item: CoreItem): unknown;
  /** By position in `Plan.resources`; null where the resource is imported. */
  readonly resourceClasses: readonly (ResourceClass | null)[];
}

type Realloc = (old: number, oldSize: number, align: number, newSize: number) => number;

/** Found in the instance at first use: a core module's imports are made before its memory. */
export interface ContextItems {
  readonly memory: CoreItem | null;
  readonly realloc: CoreItem | null;
  /** Position of the scope among the plan's. */
  readonly scope: number;
}

const EMPTY = new ArrayBuffer(0);

/**
 * Where a compiled lift or lower works: one memory, one realloc, one scope. Generated code reads `view`, `bytes` and
 * `buffer` afresh after anything that may have run guest code, since growing a memory detaches them.
 */
export class Context {
  readonly owner: ContextOwner;
  readonly scope: Scope;
  /** Bytes a message may still bring; set by `begin`, charged by every string and list lifted. */
  left = 0;
  /** Upper bound of the bytes of the values checked since `begin`. */
  checked = 0;
  /** Second word of the string or list lowered last. */
  count = 0;
  /** Of the export call being lowered; set only for functions that borrow. */
  borrowScope: BorrowScope | null = null;
  /** Of the import call being lifted; set only for functions that borrow. */
  loans: Loan[] = [];
  /** Number of the argument list being checked, so that it can't give one resource away twice. */
  serial = 0;
  view = new DataView(EMPTY);
  bytes = new Uint8Array(EMPTY);
  /** The same bytes, for Buffer's string methods. */
  buffer = Buffer.from(EMPTY);
  readonly scopeNumber: number;
  readonly #items: ContextItems;
  readonly #maxMessageBytes: number;
  #memory: WebAssembly.Memory | null = null;
  #realloc: Realloc | null = null;

  constructor(owner: ContextOwner, scope: Scope, items: ContextItems, maxMessageBytes: number) {
    this.owner = owner;
    this.scope = scope;
    this.scopeNumber = items.scope;
    this.#items = items;
    this.#maxMessageBytes = maxMessageBytes;
  }

  /** Starts a message: full budget, current views. */
  begin(): void {
    this.left = this.#maxMessageBytes;
    this.checked = 0;
    this.sync();
  }

  /** A grown memory leaves views of length 0 behind. */
  sync(): void {
    if (this.bytes.length === 0 && this.#items.memory !== null) this.#refresh(this.#items.memory);
  }

  #refresh(item: CoreItem): void {
    this.#memory ??= this.owner.resolve(item) as WebAssembly.Memory | null;
    // A start function calls before its memory can be reached: every pointer is out of range then.
    if (this.#memory === null) return;
    const { buffer } = this.#memory;
    // Another thread could change a shared memory between our check and our copy.
    if (!(buffer instanceof ArrayBuffer)) throw fault('ABI_POINTER', 'it passes values through a shared memory');
    this.view = new DataView(buffer);
    this.bytes = new Uint8Array(buffer);
    this.buffer = Buffer.from(buffer);
  }

  /** Lets go of the memory. */
  forget(): void {
    this.#memory = null;
    this.#realloc = null;
    this.view = new DataView(EMPTY);
    this.bytes = new Uint8Array(EMPTY);
    this.buffer = Buffer.from(EMPTY);
  }

  charge(byteCount: number): void {
    this.left -= byteCount;
    if (this.left < 0) throw tooLarge(this.#maxMessageBytes);
  }

  /** Asks the guest for memory; its answer is checked as the ABI demands, also for no bytes at all. */
  allocate(align: number, byteCount: number): number {
    this.#realloc ??= this.#items.realloc && (this.owner.resolve(this.#items.realloc) as Realloc | null);
    if (this.#realloc === null) throw fault('ABI_REALLOC', 'it has no realloc');
    const { scope } = this;
    const mayLeave = scope.mayLeave;
    scope.mayLeave = false;
    const pointer = this.#realloc(0, 0, align, byteCount) >>> 0;
    scope.mayLeave = mayLeave;
    this.sync();
    if ((pointer & (align - 1)) !== 0) throw fault('ABI_REALLOC', `realloc gave ${pointer}, not aligned to ${align}`);
    if (pointer + byteCount > this.bytes.length) {
      throw fault('ABI_REALLOC', `realloc gave ${pointer}, which leaves no room for ${byteCount} bytes`);
    }
    return pointer;
  }

  /** Checks a pointer that the guest made, and gives it unsigned. */
  range(pointer: number, align: number, byteCount: number): number {
    const start = pointer >>> 0;
    if ((start & (align - 1)) !== 0) throw fault('ABI_ALIGNMENT', `the pointer ${start} is not aligned to ${align}`);
    if (start + byteCount > this.bytes.length) {
      throw fault('ABI_POINTER', `${byteCount} bytes at ${start} are out of its memory`);
    }
    return start;
  }
}
