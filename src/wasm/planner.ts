import { CofferdamError } from '../error.ts';
import type { ComponentAst } from './component-ast.ts';
import { decodeComponent, layerOf } from './decode-component.ts';
import { flattenComponent } from './flatten-component.ts';
import type { Plan } from './plan.ts';
import type { World } from './types.ts';
import { validateComponent } from './validate.ts';
import type { Feature } from './validate-canon.ts';

/** A component understood: what it needs and offers, and how to make an instance of it. */
export interface UnderstoodComponent {
  readonly ast: ComponentAst;
  readonly plan: Plan;
  /** Features beyond synchronous calls. While there is one, the plan describes the component but cannot be run. */
  readonly features: ReadonlySet<Feature>;
}

/**
 * Decodes, validates and flattens a component, also one that needs async. Throws WASM_KIND, WASM_TRUNCATED,
 * WASM_MALFORMED, WASM_LIMIT, WASM_UNSUPPORTED or COMPONENT_INVALID.
 */
export function understandComponent(bytes: Uint8Array): UnderstoodComponent {
  if (layerOf(bytes) === 'module') {
    throw new CofferdamError(
      'WASM_KIND',
      'This is a core module, not a component. Describe it with WIT, or make a component of it.',
    );
  }
  const ast = decodeComponent(bytes);
  const { features } = validateComponent(ast);
  return { ast, plan: flattenComponent(ast), features };
}

/**
 * The plan of a synchronous component. Throws what `understandComponent` throws; WASM_UNSUPPORTED with
 * `details.feature` when the component needs more than synchronous calls.
 */
export function planComponent(bytes: Uint8Array): Plan {
  const { plan, features } = understandComponent(bytes);
  const [feature] = features;
  if (feature !== undefined) {
    throw new CofferdamError(
      'WASM_UNSUPPORTED',
      `The component needs ${[...features].join(' and ')}, which is not run here.`,
      {
        details: { feature, features: [...features] },
      },
    );
  }
  return plan;
}

/** What a component needs and offers; WIT text becomes such a component with `componentEmbed` and `componentNew`. */
export function worldOfComponent(bytes: Uint8Array): World {
  return understandComponent(bytes).plan.world;
}
