import { CofferdamError, isCofferdamError } from '../error.ts';
import type { Code, Health, Instance, InstanceHost } from './contract.ts';

/**
 * One launch of an enclave around code of any kind. Each launch has a Code of its own, so that no instance outlives what
 * was measured. Where it `isOpaque`, whoever calls learns of a failure nothing but its code; a debug build shows all.
 */
export function makeEnclaveCode(code: Code, { isOpaque }: { isOpaque: boolean }): Code {
  // Every member is named: one that is added to the contract later has to be thought of here.
  const enclave: Required<Code> = {
    world: code.world,
    sha256: code.sha256,
    isAsync: code.isAsync ?? false,
    start: null, // of what is inside alone
    whyNotFused: (side, index) => {
      // A trap in generated Wasm reaches the caller's frame with the engine's own words.
      if (isOpaque) return 'an enclave does not show why it fails';
      return code.whyNotFused ? code.whyNotFused(side, index) : 'it runs in JavaScript';
    },
    instantiate: (host) => {
      if (!isOpaque) return code.instantiate(host);
      return hidden(() => new OpaqueInstance(code.instantiate(opaqueHost(host))));
    },
  };
  return enclave;
}

class OpaqueInstance implements Required<Instance> {
  readonly #instance: Instance;

  constructor(instance: Instance) {
    this.#instance = instance;
  }

  call(index: number, args: readonly unknown[]): unknown {
    return hidden(() => this.#instance.call(index, args));
  }

  async callSuspending(index: number, args: readonly unknown[]): Promise<unknown> {
    try {
      return await this.#instance.callSuspending(index, args);
    } catch (error) {
      throw withoutDetail(error);
    }
  }

  fusedExport(): null {
    return null;
  }

  /** For the broker's own accounts; the host's surface does not show it. */
  memoryBytes(): number {
    return this.#instance.memoryBytes();
  }

  health(patienceMs: number): Health {
    return this.#instance.health?.(patienceMs) ?? 'idle';
  }

  stop(): void {
    this.#instance.stop();
  }
}

function opaqueHost(host: InstanceHost): InstanceHost {
  const { ended } = host;
  return ended ? { ...host, ended: (error) => ended(withoutDetail(error)) } : host;
}

function hidden<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw withoutDetail(error);
  }
}

/** The code alone. What does not fit the caller's own arguments is the caller's already: nothing of the guest ran. */
function withoutDetail(error: unknown): CofferdamError {
  if (isCofferdamError(error, 'ARGUMENT_TYPE')) return error;
  const code = isCofferdamError(error) ? error.code : 'INTERNAL';
  return new CofferdamError(code, 'An enclave failed, and does not show why. A debug build does.');
}
