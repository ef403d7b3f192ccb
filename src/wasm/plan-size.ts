import { WASM_LIMITS } from './limits.ts';
import { measure } from './measure.ts';
import type { CanonOptions, CoreItem, Lifted } from './plan.ts';
import type { Fail } from './resolve-values.ts';
import type { FuncType } from './types.ts';

interface Size {
  /** As a tree, where shared parts count each time: plans are stored as JSON. */
  readonly nodes: number;
  readonly depth: number;
}

/**
 * Bounds what a plan can grow to. A lowered function can be lifted again, and be the allocator of the next one: without
 * a bound, a small file could describe a tree of 2^1000 parts, or a chain that no recursion can walk.
 */
export class PlanSizes {
  private readonly sizes = new Map<CoreItem | Lifted, Size>();
  private readonly fail: Fail;
  private total = 0;

  constructor(fail: Fail) {
    this.fail = fail;
  }

  /** Call for every item when it is made, so that its parts have been measured before. */
  item(item: CoreItem): Size {
    const known = this.sizes.get(item);
    if (known !== undefined) return known;
    const size = this.sum(itemParts(item).map((part) => ('core' in part ? this.lifted(part) : this.item(part))));
    this.sizes.set(item, size);
    return size;
  }

  lifted(lifted: Lifted): Size {
    const known = this.sizes.get(lifted);
    if (known !== undefined) return known;
    const parts = [lifted.core, ...optionParts(lifted.options)].map((part) => this.item(part));
    const size = this.sum([...parts, { nodes: funcNodes(lifted.type), depth: 0 }]);
    this.sizes.set(lifted, size);
    return size;
  }

  /** Counts something that the plan lists. */
  count(nodes: number): void {
    this.total += nodes;
    if (this.total > WASM_LIMITS.maxPlanNodes) this.fail('its plan would be too large', 'WASM_LIMIT');
  }

  private sum(parts: readonly Size[]): Size {
    const nodes = parts.reduce((sum, part) => sum + part.nodes, 1);
    const depth = parts.reduce((max, part) => Math.max(max, part.depth), 0) + 1;
    if (depth > WASM_LIMITS.maxNesting || nodes > WASM_LIMITS.maxPlanNodes) {
      this.fail('it lifts what it lowered too often', 'WASM_LIMIT');
    }
    return { nodes, depth };
  }
}

export function funcNodes(type: FuncType): number {
  const params = type.params.reduce((sum, param) => sum + measure(param.type).nodes, 1);
  return type.result === null ? params : params + measure(type.result).nodes;
}

function itemParts(item: CoreItem): readonly (CoreItem | Lifted)[] {
  if (item.kind === 'lower-import') return optionParts(item.options);
  if (item.kind === 'lower-lifted') return [item.lifted, ...optionParts(item.options)];
  return [];
}

function optionParts(options: CanonOptions): readonly CoreItem[] {
  return [options.memory, options.realloc, options.postReturn].filter((part) => part !== null);
}
