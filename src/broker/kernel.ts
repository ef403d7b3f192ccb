import { KERNEL } from '../abi/fused/kernel.ts';
import { Ring } from '../abi/fused/ring.ts';
import type { LeaveCell } from '../abi/index.ts';
import { CofferdamError } from '../error.ts';
import { Chain, type ChainOptions } from './chain.ts';

const PAGE_BYTES = 65_536;
/** State cells: more instances than V8 has room for in one process. */
const MAX_CELLS = 32_768;
const CELLS_START = 64;
/** 32,768 records: a block of 512 KiB is hashed and written in a millisecond or two. */
const RING_BYTES = 32_768 * KERNEL.RECORD_BYTES;
const RING_START = CELLS_START + 4 * MAX_CELLS + KERNEL.RECORD_BYTES;
const RING_END = RING_START + RING_BYTES;
/** Two bits are taken: the state is `chain << 1 | noLeave`, and stays a positive i32. */
const MAX_CHAINS = 2 ** 29;

/**
 * What generated Wasm at the crossings shares with the broker: the epoch that it compares, the ring that it records in,
 * and for each instance a cell that says which chain is inside. The cells are the truth for both sides.
 */
export class Kernel {
  readonly memory = new WebAssembly.Memory({
    initial: Math.ceil(RING_END / PAGE_BYTES),
    maximum: Math.ceil(RING_END / PAGE_BYTES),
    shared: true,
  });
  readonly #words = new Int32Array(this.memory.buffer);
  readonly #ring = new Ring(this.#words, (at) => {
    if (at === RING_START) this.onFirst();
  });
  readonly #free: number[] = [];
  #nextCell = 0;
  readonly #chains = new Map<number, Chain>();
  readonly #writers = new Set<() => boolean>();
  #nextChain = 0;
  /** Takes the records that are in the ring, in order; they are overwritten afterwards. */
  onDrain: (records: Uint8Array) => void = () => undefined;
  /** A record comes into the ring that no journal event is bound to follow: somebody is to drain it soon. */
  onFirst: () => void = () => undefined;

  constructor() {
    this.#words[KERNEL.END >> 2] = RING_END;
    this.#words[KERNEL.W >> 2] = RING_START;
    this.#words[(RING_START - KERNEL.RECORD_BYTES) >> 2] = KERNEL.NO_PORT | 0; // no port has this number: nothing to add to
  }

  /** What was bound before is bound anew at its next use: a grant, a link or an instance is no longer what it was. */
  advance(): void {
    Atomics.store(this.#words, KERNEL.EPOCH >> 2, (this.epoch + 1) & 0x7fff_ffff);
    for (const isWriting of this.#writers) while (isWriting()) Atomics.pause();
  }

  /** Asks whether a thread is crossing by itself just now, until what this returns is called: see remote/crossing.ts. */
  watch(isWriting: () => boolean): () => void {
    this.#writers.add(isWriting);
    return () => this.#writers.delete(isWriting);
  }

  get epoch(): number {
    return this.#words[KERNEL.EPOCH >> 2] as number;
  }

  /** Hands on what Wasm has recorded since. Everything that is recorded from JavaScript comes after it. */
  drain(): void {
    const end = this.#words[KERNEL.W >> 2] ?? RING_START;
    if (end === RING_START) return;
    this.#words[KERNEL.W >> 2] = RING_START;
    this.onDrain(new Uint8Array(this.memory.buffer, RING_START, end - RING_START));
  }

  /** What generated crossings do, for a crossing that starts in JavaScript: adds to the last record, or begins one. */
  record(port: number, requestBytes: number, replyBytes: number): void {
    this.#ring.request(port, requestBytes, replyBytes);
    this.#drainWhenFull();
  }

  /** The reply to the last request through this port; in a record of its own when others came in between. */
  recordReply(port: number, replyBytes: number): void {
    this.#ring.reply(port, replyBytes);
    this.#drainWhenFull();
  }

  #drainWhenFull(): void {
    if (this.#words[KERNEL.W >> 2] === RING_END) this.drain();
  }

  /** Address of a state cell for a new instance. Throws LIMIT_INSTANCES. */
  allocate(): number {
    const address = this.#free.pop() ?? (this.#nextCell < MAX_CELLS ? CELLS_START + 4 * this.#nextCell++ : 0);
    if (address > 0) return address;
    throw new CofferdamError('LIMIT_INSTANCES', `A host has at most ${MAX_CELLS} instances. Unload what is idle.`);
  }

  /** Chain 0, no leave: whatever still runs there is refused, and so is whatever would enter. */
  kill(address: number): void {
    this.#words[address >> 2] = 1;
  }

  release(address: number): void {
    this.#words[address >> 2] = 0;
    this.#free.push(address);
  }

  chainAt(address: number): Chain | null {
    return this.#chains.get((this.#words[address >> 2] ?? 0) >>> 1) ?? null;
  }

  isFree(address: number): boolean {
    return this.#words[address >> 2] === 0;
  }

  setChain(address: number, chain: Chain | null): void {
    this.#words[address >> 2] = chain === null ? 0 : chain.id << 1;
  }

  /** Where the bit is that says that the instance may not call its imports just now. */
  leaveOf(address: number): LeaveCell {
    return { words: this.#words, at: address >> 2 };
  }

  begin(options: ChainOptions): Chain {
    do this.#nextChain = (this.#nextChain % MAX_CHAINS) + 1;
    while (this.#chains.has(this.#nextChain));
    const id = this.#nextChain;
    const chain = new Chain({ id, ...options, onFail: () => this.#bar(id) });
    this.#chains.set(chain.id, chain);
    return chain;
  }

  /**
   * A guest that catches what ended its chain is asked again at its next crossing, and gets no further; nor does it leave as
   * if nothing had been: a crossing that finds its callee's cell changed gives no answer.
   */
  #bar(chain: number): void {
    const words = this.#words;
    for (let at = CELLS_START >> 2, left = this.#nextCell; left > 0; at++, left--) {
      if ((words[at] ?? 0) >>> 1 === chain) words[at] = (chain << 1) | KERNEL.NO_LEAVE;
    }
    this.advance();
  }

  /** The host closes: what still waits is waited for no longer. */
  abandon(): void {
    for (const chain of this.#chains.values()) chain.timing.close();
  }

  /** No frame of the chain is on any stack any more. */
  finish(chain: Chain): void {
    this.#chains.delete(chain.id);
    chain.timing.close();
    for (const address of chain.deadCells.splice(0)) this.release(address);
  }
}
