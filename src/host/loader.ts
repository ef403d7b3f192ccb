import { isDeepStrictEqual } from 'node:util';
import type { Journal } from '../audit/index.ts';
import type { Broker } from '../broker/broker.ts';
import { type Offered, type Wiring, wire } from '../broker/wiring.ts';
import type { Code } from '../compartment/contract.ts';
import { formatPrivilege } from '../label/index.ts';
import type { LoadEnv } from '../load/index.ts';
import type { CompartmentPolicy, Policy } from '../policy/policy.ts';
import type { loadCode } from './code.ts';
import type { Enclaves } from './enclaves.ts';

/** Brings a policy into force: loads what is new, wires all of it, records, and only then lets it take effect. */
export class Loader {
  readonly #env: LoadEnv;
  readonly #loadCode: typeof loadCode;
  readonly #offered: Readonly<Record<string, Offered>>;
  readonly #journal: Journal;
  readonly #broker: Broker;
  readonly #enclaves: Enclaves;

  constructor(parts: {
    env: LoadEnv;
    load: typeof loadCode;
    offered: Readonly<Record<string, Offered>>;
    journal: Journal;
    broker: Broker;
    enclaves: Enclaves;
  }) {
    this.#env = parts.env;
    this.#loadCode = parts.load;
    this.#offered = parts.offered;
    this.#journal = parts.journal;
    this.#broker = parts.broker;
    this.#enclaves = parts.enclaves;
  }

  /**
   * All or nothing: when anything is refused, what was in force stays. `reload` names a compartment whose code is read
   * anew even though its entry is the same.
   */
  async adopt(policy: Policy, previous: Wiring | null, reload: string | null = null): Promise<Wiring> {
    const launches = await this.#enclaves.prepare(policy, await this.#load(policy, previous, reload));
    const wiring = wire(policy, launches.codes, this.#offered, this.#broker.space, previous, launches.serve);
    this.#record(wiring, previous);
    launches.commit();
    const { grants, instances } = this.#broker;
    for (const name of previous?.compartments.keys() ?? []) if (!wiring.compartments.has(name)) grants.forget(name);
    this.#grant(policy, wiring, previous);
    const stale = wiring.commit();
    this.#broker.compartments = wiring.compartments;
    this.#broker.lifecycle.adopt(wiring.compartments, previous?.compartments ?? null);
    grants.advance();
    const gone = [...(previous?.compartments.values() ?? [])].filter(
      (old) => wiring.compartments.get(old.name) !== old,
    );
    for (const compartment of [...gone, ...stale]) instances.discardAll(compartment, 'replaced');
    return wiring;
  }

  async #load(policy: Policy, previous: Wiring | null, reload: string | null): Promise<ReadonlyMap<string, Code>> {
    const loaded = await Promise.all(
      [...policy.compartments.values()].map(async (compartment): Promise<[string, Code]> => {
        const old = previous?.compartments.get(compartment.name);
        const isSame = old && compartment.name !== reload && hasSameCode(old.policy, compartment);
        return [compartment.name, isSame ? old.code : await this.#loadCode(compartment, this.#env)];
      }),
    );
    return new Map(loaded);
  }

  #record(wiring: Wiring, previous: Wiring | null): void {
    for (const { name: compartment, code } of wiring.compartments.values()) {
      const { sha256 } = code;
      const old = previous?.compartments.get(compartment)?.code;
      if (!old) this.#journal.appendDurable({ kind: 'load', compartment, sha256 });
      else if (old !== code) {
        this.#journal.appendDurable({ kind: 'replace', compartment, sha256, previousSha256: old.sha256 });
      }
    }
    for (const { name: compartment, code } of previous?.compartments.values() ?? []) {
      if (wiring.compartments.has(compartment)) continue;
      this.#journal.appendDurable({ kind: 'unload', compartment, sha256: code.sha256 });
    }
  }

  /** The manifest's grants, of compartments that are new: a privilege that was revoked does not come back with new code. */
  #grant(policy: Policy, wiring: Wiring, previous: Wiring | null): void {
    const { grants, space } = this.#broker;
    for (const { name: to, grants: granted } of policy.compartments.values()) {
      if (previous?.compartments.has(to) || !wiring.compartments.has(to)) continue;
      for (const privilege of granted) {
        const by = space.assertPrivilege(privilege).owner;
        const text = formatPrivilege(privilege);
        const commit = grants.prepare({ kind: 'grant', by, to, privilege: text });
        this.#journal.appendDurable({ kind: 'grant', from: by, to, privilege: text, epoch: grants.epoch + 1 });
        commit();
      }
    }
  }
}

/** Do two entries ask for the same code? The rest of an entry (labels, gates, …) needs no new code. */
function hasSameCode(one: CompartmentPolicy, other: CompartmentPolicy): boolean {
  const codeOf = ({
    kind,
    wasm,
    sha256,
    modules,
    sharedMemory,
    abi,
    wit,
    adapter,
    wasi,
    clock,
    snapshot,
    limits,
    isInterruptible,
  }: CompartmentPolicy) => ({
    kind,
    wasm,
    sha256,
    modules,
    sharedMemory,
    abi,
    wit,
    adapter,
    wasi,
    clock,
    snapshot,
    limits,
    isInterruptible,
  });
  return isDeepStrictEqual(codeOf(one), codeOf(other));
}
