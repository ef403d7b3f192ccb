import { isScalar, makeAdapter, makeGate, REFUSAL, readFault, shapeOfFunction } from '../abi/fused/index.ts';
import { type CoreFunction, fault, tooLarge } from '../abi/index.ts';
import type { FusedEnd } from '../compartment/contract.ts';
import { CofferdamError } from '../error.ts';
import type { FuncType } from '../wasm/types.ts';
import type { Slot } from './instances.ts';
import type { Kernel } from './kernel.ts';

/** Who answers a fused link now, and under which number the ring records it. */
export interface Binding {
  readonly target: Slot;
  /** Position in the exports of its world. */
  readonly index: number;
  /** Null when `bound` answers still. */
  readonly port: number | null;
}

interface GateExports {
  readonly call: CoreFunction;
  readonly slot: WebAssembly.Table;
  readonly decided: WebAssembly.Global;
  /** Of a gate for scalars, which does all of the crossing itself. */
  readonly callee: WebAssembly.Global;
  readonly port: WebAssembly.Global;
}

/** What a gate's instance may be told besides what its module says: given by the broker. */
export interface FuserEnv {
  readonly kernel: Kernel;
  /** Decides, finds or makes the instance, declares the port. Throws what a call would: FLOW_DENIED, a limit, a trap. */
  readonly bind: (slot: Slot, index: number, bound: Slot | null) => Binding;
  /** Ends the chain that is in `slot`, and gives the error to throw; `culprit` broke the canonical ABI. */
  readonly fail: (slot: Slot, error: unknown, culprit?: Slot | null) => unknown;
}

/**
 * Makes the crossings of links between inline instances: a gate for each import of an instance, and an adapter for each
 * pair of instances that it joins (see abi/fused). A gate is all that the importing guest gets: it compares the epoch, and
 * asks `bind` whenever anything has changed since it was bound.
 */
export class Fuser {
  readonly #env: FuserEnv;
  /** By type as text: two links with one type share code. */
  readonly #gates = new Map<string, WebAssembly.Module>();
  readonly #adapters = new Map<string, WebAssembly.Module>();

  constructor(env: FuserEnv) {
    this.#env = env;
  }

  /** The core function for import `index` of the instance in `slot`, whose memory is asked for at the first call. */
  gate(slot: Slot, index: number, type: FuncType, caller: () => FusedEnd): CoreFunction {
    const { kernel } = this.#env;
    let bound: Slot | null = null;
    const miss = this.#guard(slot, () => {
      const { epoch } = kernel;
      const { target, index: served, port } = this.#env.bind(slot, index, bound);
      if (port !== null) this.#join({ slot, type, caller: caller(), target, index: served, port, gate: exports });
      bound = target;
      exports.decided.value = epoch;
    });
    const k = { ...this.#common(slot, () => bound), miss };
    // Our own generator made this module, with these exports.
    const exports = new WebAssembly.Instance(this.#module(this.#gates, type, '', makeGate), { k })
      .exports as unknown as GateExports;
    return exports.call;
  }

  #join({ slot, type, caller, target, index, port, gate }: Join): void {
    const exported = target.instance?.fusedExport?.(index);
    if (!target.instance) throw refusal(slot, target, REFUSAL.BUSY); // it is still starting
    if (!exported) throw new CofferdamError('INTERNAL', `${target.id} cannot be joined to ${slot.id}.`);
    if (isScalar(type)) {
      gate.callee.value = target.cell;
      gate.port.value = port;
      gate.slot.set(0, exported.call);
      return;
    }
    const postReturn = exported.postReturn !== null;
    const module = this.#module(this.#adapters, type, postReturn ? 'post' : '', (type) =>
      makeAdapter(type, { postReturn }),
    );
    const { messageBytes } = target.compartment.policy.limits;
    const k = {
      ...this.#common(slot, () => target),
      callee: constant(target.cell),
      port: constant(port),
      maxBytes: constant(Math.min(messageBytes, slot.compartment.policy.limits.messageBytes)),
    };
    const a = { memory: caller.memory, realloc: caller.realloc };
    const b = { memory: exported.memory, realloc: exported.realloc, call: exported.call, post: exported.postReturn };
    const adapter = new WebAssembly.Instance(module, { k, a: present(a), b: present(b) });
    gate.slot.set(0, adapter.exports.call);
  }

  #common(slot: Slot, callee: () => Slot | null) {
    const { kernel, fail } = this.#env;
    return {
      memory: kernel.memory,
      caller: constant(slot.cell),
      drain: this.#guard(slot, () => kernel.drain()),
      fault: this.#fault(slot, callee),
      refuse: (reason: number) => {
        throw fail(slot, refusal(slot, callee(), reason));
      },
    };
  }

  /** Whatever is thrown into Wasm ends the chain: a guest may catch it, but gets no further. */
  #guard(slot: Slot, body: () => void): () => void {
    return () => {
      try {
        body();
      } catch (error) {
        throw this.#env.fail(slot, error);
      }
    };
  }

  #fault(slot: Slot, callee: () => Slot | null): (argument: number) => never {
    const { messageBytes } = slot.compartment.policy.limits;
    return (argument) => {
      const { code, side } = readFault(argument);
      const error = code === 'LIMIT_MESSAGE' ? tooLarge(messageBytes) : fault(code, `in a message, as the ${side}`);
      throw this.#env.fail(slot, error, side === 'callee' ? callee() : slot);
    };
  }

  #module(
    known: Map<string, WebAssembly.Module>,
    type: FuncType,
    variant: string,
    make: (type: FuncType) => Uint8Array,
  ): WebAssembly.Module {
    const key = `${variant} ${shapeOfFunction(type)}`; // exact: a key that two types share would give one the other's code
    let module = known.get(key);
    if (module === undefined) {
      module = new WebAssembly.Module(make(type) as Uint8Array<ArrayBuffer>);
      known.set(key, module);
    }
    return module;
  }
}

interface Join {
  readonly target: Slot;
  readonly index: number;
  readonly port: number;
  readonly slot: Slot;
  readonly type: FuncType;
  readonly caller: FusedEnd;
  readonly gate: GateExports;
}

function constant(value: number): WebAssembly.Global {
  return new WebAssembly.Global({ value: 'i32', mutable: false }, value);
}

/** A module imports what its type needs; the rest may be missing. */
function present(items: Readonly<Record<string, unknown>>): Record<string, WebAssembly.ImportValue> {
  const there = Object.entries(items).filter(([, item]) => item !== null);
  return Object.fromEntries(there) as Record<string, WebAssembly.ImportValue>;
}

function refusal(slot: Slot, callee: Slot | null, reason: number): CofferdamError {
  if (reason === REFUSAL.SWALLOWED && slot.chain?.failure) return slot.chain.failure;
  if (callee?.chain && callee.chain !== slot.chain) {
    return new CofferdamError('CALL_BUSY', `The instance ${callee.id} is suspended in another call. Wait for it.`);
  }
  if (callee?.chain) {
    return new CofferdamError(
      'CALL_REENTRANT',
      `The instance ${callee.id} is already inside this call. Break the cycle of links.`,
    );
  }
  return fault('ABI_LEAVE', 'it called an import in realloc or post-return');
}
