import { isScalar, makeEntry, readFault, shapeOfFunction } from '../abi/fused/index.ts';
import { type CoreFunction, fault } from '../abi/index.ts';
import { guestTrap } from '../compartment/guest-error.ts';
import { INTERRUPT_WORDS, type Interrupts, NUMBER_MASK } from '../compartment/interrupts.ts';
import type { FuncType } from '../wasm/types.ts';
import type { Chain } from './chain.ts';
import type { Kernel } from './kernel.ts';
import type { Preparation } from './prepared.ts';

/** Thrown by an entry before anything has happened: this call has to be made in full. */
const LATER = Symbol('later');

export const isLater = (error: unknown): boolean => error === LATER;

const CLOCK_WORDS = {
  run: 4 * INTERRUPT_WORDS.RUN,
  tick: 4 * INTERRUPT_WORDS.TICK,
  number: 4 * INTERRUPT_WORDS.NUMBER,
  numberMask: NUMBER_MASK,
};

/** Generated Wasm between one prepared call and the instance that answers it. */
export interface Entry {
  readonly slot: Preparation['slot'];
  readonly call: CoreFunction;
  /** It is in order for this chain, until the epoch changes. */
  readonly bind: (epoch: number, chain: Chain) => void;
}

interface EntryExports {
  readonly call: CoreFunction;
  readonly decided: WebAssembly.Global;
  readonly state: WebAssembly.Global;
}

/** Makes the entries of prepared calls: see abi/fused/entry.ts. */
export class Entries {
  readonly #interrupts: () => Interrupts;
  readonly #modules = new Map<string, WebAssembly.Module>();
  readonly #shared: Readonly<Record<string, WebAssembly.ImportValue>>;

  constructor(kernel: Kernel, interrupts: () => Interrupts) {
    this.#interrupts = interrupts;
    this.#shared = {
      memory: kernel.memory,
      later: () => {
        throw LATER;
      },
      first: () => kernel.onFirst(),
      drain: () => kernel.drain(),
      fault: (argument: number) => {
        const { code } = readFault(argument);
        throw code === 'LIMIT_MESSAGE' ? new Error('A scalar was counted') : fault(code, 'in a message, as the callee');
      },
      refuse: () => {
        throw guestTrap('it caught an exception of the host');
      },
    };
  }

  /** `before` if it still fits; null where calls cannot go through generated Wasm. The type is plain. */
  entry(type: FuncType, { slot, instance, index, port, timed }: Preparation, before: Entry | null): Entry | null {
    if (before?.slot === slot) return before;
    const exported = instance.fusedExport?.(index);
    if (!exported || exported.postReturn !== null || slot.fuel !== null || !isScalar(type)) return null;
    const { ticks } = timed;
    let current: Chain | null = null;
    const hooks = {
      changed: () => {
        if (current?.failure) throw current.failure;
      },
      overrun: () => current?.timing.leaveUnspoken(),
    };
    const cells = { callee: constant(slot.cell), port: constant(port), ticks: constant(ticks ?? 0) };
    const imports: WebAssembly.Imports = { k: { ...this.#shared, ...hooks, ...cells }, b: { call: exported.call } };
    if (ticks !== null) imports.t = { memory: this.#interrupts().memory };
    // Our own generator made this module, with these exports.
    const made = new WebAssembly.Instance(this.#module(type, ticks !== null), imports)
      .exports as unknown as EntryExports;
    return {
      slot,
      call: made.call,
      bind: (epoch, chain) => {
        current = chain;
        chain.timing.unspoken = ticks === null ? null : timed;
        made.decided.value = epoch;
        made.state.value = chain.id << 1;
      },
    };
  }

  #module(type: FuncType, isTimed: boolean): WebAssembly.Module {
    const key = `${isTimed} ${shapeOfFunction(type)}`;
    let module = this.#modules.get(key);
    if (module === undefined) {
      module = new WebAssembly.Module(makeEntry(type, isTimed ? CLOCK_WORDS : null) as Uint8Array<ArrayBuffer>);
      this.#modules.set(key, module);
    }
    return module;
  }
}

function constant(value: number): WebAssembly.Global {
  return new WebAssembly.Global({ value: 'i32', mutable: false }, value);
}
