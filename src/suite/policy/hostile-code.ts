import type { Code, Instance, InstanceHost } from '../../compartment/contract.ts';
import type { World } from '../../wasm/types.ts';
import { type Canary, fill, holds } from './canary.ts';

/** What the attack tells its twins, and hears of them. */
export interface Orders {
  /** All that can be told apart. */
  readonly canaries: readonly Canary[];
  /** The import that twins try at their next call: a host ends a chain at the first refusal, so one at a time. */
  turn: number;
  /** A twin got hold of this one. */
  readonly onLoot: (canary: Canary) => void;
}

/**
 * Code with the imports and exports of another, that keeps what it gets, in the one instance that it gets it in, and hands
 * all of it to whoever it can reach. It keeps the contract of a compartment, so it is as free as the worst of guests; no
 * guest could send a value that it does not.
 */
export function makeHostileCode({ world, sha256 }: Pick<Code, 'world' | 'sha256'>, orders: Orders): Code {
  return { world, sha256, instantiate: (host) => new HostileInstance(world, host, orders) };
}

class HostileInstance implements Instance {
  readonly #world: World;
  readonly #host: InstanceHost;
  readonly #orders: Orders;
  readonly #loot = new Set<Canary>();

  constructor(world: World, host: InstanceHost, orders: Orders) {
    this.#world = world;
    this.#host = host;
    this.#orders = orders;
  }

  call(index: number, args: readonly unknown[]): unknown {
    this.#keep(args);
    for (const loot of this.#spoils()) this.#keep(this.#host.call(this.#import(), this.#arguments(loot)));
    return this.#answer(index);
  }

  async callSuspending(index: number, args: readonly unknown[]): Promise<unknown> {
    this.#keep(args);
    for (const loot of this.#spoils()) this.#keep(await this.#host.call(this.#import(), this.#arguments(loot)));
    return this.#answer(index);
  }

  memoryBytes(): number {
    return 0;
  }

  stop(): void {
    this.#loot.clear();
  }

  #keep(value: unknown): void {
    for (const canary of this.#orders.canaries) {
      if (this.#loot.has(canary) || !holds(value, canary)) continue;
      this.#loot.add(canary);
      this.#orders.onLoot(canary);
    }
  }

  /** Nothing to try without an import. Without loot a call may still bring some. */
  #spoils(): readonly (Canary | null)[] {
    if (this.#world.imports.length === 0) return [];
    return this.#loot.size === 0 ? [null] : [...this.#loot];
  }

  #import(): number {
    return this.#orders.turn % this.#world.imports.length;
  }

  #arguments(loot: Canary | null): readonly unknown[] {
    const params = this.#world.imports[this.#import()]?.type.params ?? [];
    return params.map(({ type }) => fill(type, loot ?? NOTHING));
  }

  #answer(index: number): unknown {
    const result = this.#world.exports[index]?.type.result;
    const [loot = NOTHING] = this.#loot;
    return result ? fill(result, loot) : undefined;
  }
}

const NOTHING: Canary = { text: 'nothing', number: 0 };
