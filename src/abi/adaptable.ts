import { CofferdamError } from '../error.ts';
import { MAX_FLAT_PARAMS } from '../wasm/flatten.ts';
import type { FuncType, ValType } from '../wasm/types.ts';
import type { AdapterPlan } from './adapters.ts';
import { casesOf, fieldTypes, layoutOf, unsupported } from './layout.ts';
import { MAX_TYPE_NODES } from './limits.ts';
import { caseNames, propertyNames } from './names.ts';

/**
 * Throws ABI_UNSUPPORTED or ABI_TYPE_LIMIT for what no lift and lower code can be made of. That code is made at a
 * function's first call, and then nothing may be wrong any more.
 */
export function assertAdaptable(plan: AdapterPlan): void {
  const examiner = new Examiner(plan.resources.length);
  for (const { id, type } of [...plan.lifted, ...plan.lowered]) examiner.func(id, type);
}

interface Known {
  /** As a tree; at most a little above the limit. */
  readonly nodes: number;
  readonly hasBorrow: boolean;
}

/** Looks at each type once: the nodes of a tree are counted without walking it. */
class Examiner {
  readonly #known = new Map<ValType, Known>();
  readonly #resources: number;
  #nodes = 0;

  constructor(resources: number) {
    this.#resources = resources;
  }

  func(id: string, { params, result, async }: FuncType): void {
    if (async) throw unsupported(`asynchronous functions (${id})`);
    for (const { type } of params) this.#count(this.#top(type));
    if (result === null) return;
    const known = this.#top(result);
    if (known.hasBorrow) throw unsupported(`a borrowed handle as a result (${id})`);
    this.#count(known);
  }

  #count({ nodes }: Known): void {
    this.#nodes += nodes;
    if (this.#nodes <= MAX_TYPE_NODES) return;
    throw new CofferdamError('ABI_TYPE_LIMIT', `The types of a guest unfold into more than ${MAX_TYPE_NODES} nodes`);
  }

  #top(type: ValType): Known {
    layoutOf(type); // bounds the nesting, for what follows
    return this.#type(type);
  }

  #type(type: ValType): Known {
    let known = this.#known.get(type);
    if (known === undefined) {
      known = this.#examine(type);
      this.#known.set(type, known);
    }
    return known;
  }

  #examine(type: ValType): Known {
    switch (type.kind) {
      case 'list':
        // The elements of a short list of fixed length may be passed one by one.
        return this.#sum(Array.from({ length: Math.min(type.length ?? 1, MAX_FLAT_PARAMS) }, () => type.element));
      case 'record':
        propertyNames(type.fields.map((field) => field.name));
        return this.#sum(fieldTypes(type));
      case 'tuple':
        return this.#sum(fieldTypes(type));
      case 'flags':
        propertyNames(type.names);
        return LEAF;
      case 'enum':
        caseNames(type);
        return LEAF;
      case 'variant':
      case 'option':
      case 'result':
        caseNames(type);
        return this.#sum(casesOf(type));
      case 'own':
      case 'borrow':
        if (type.resource >= this.#resources)
          throw unsupported(`resource ${type.resource}, which its plan does not have`);
        return { nodes: 1, hasBorrow: type.kind === 'borrow' };
      case 'stream':
      case 'future':
      case 'error-context':
        throw unsupported(`the type ${type.kind}`);
      default:
        return LEAF;
    }
  }

  #sum(parts: readonly (ValType | null)[]): Known {
    let nodes = 1;
    let hasBorrow = false;
    for (const part of parts) {
      if (part === null) continue;
      const known = this.#type(part);
      nodes += known.nodes;
      hasBorrow ||= known.hasBorrow;
    }
    return { nodes: Math.min(nodes, MAX_TYPE_NODES + 1), hasBorrow };
  }
}

const LEAF: Known = { nodes: 1, hasBorrow: false };
