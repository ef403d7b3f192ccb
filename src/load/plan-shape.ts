import type { CanonOptions, CoreItem, Lifted, Plan } from '../wasm/plan.ts';
import type { World } from '../wasm/types.ts';
import {
  arrayOf,
  type Is,
  isBoolean,
  isIndex,
  isText,
  lazily,
  literal,
  nullable,
  object,
  once,
  tagged,
} from './shape.ts';

/**
 * Is this a plan for a file of `size` bytes: of the right shape, and with every number in it pointing at something that
 * exists? A plan comes out of a worker that read hostile bytes, or from a file on disk.
 */
export function isPlan(value: unknown, size: number): value is Plan {
  return isPlanShape(value) && hasSoundPositions(value as Plan, size);
}

export function isWorld(value: unknown): value is World {
  return isWorldShape(value) && areSoundHandles(value, (value as World).resources.length, new Set());
}

const isValType: Is = once(
  lazily(() =>
    tagged({
      ...Object.fromEntries(PRIMITIVES.map((kind) => [kind, {}])),
      list: { element: isValType, 'length?': isIndex },
      record: { fields: arrayOf(isField) },
      tuple: { elements: arrayOf(isValType) },
      variant: { cases: arrayOf(object({ name: isText, type: nullable(isValType) })) },
      enum: { names: arrayOf(isText) },
      option: { some: isValType },
      result: { ok: nullable(isValType), err: nullable(isValType) },
      flags: { names: arrayOf(isText) },
      own: { resource: isIndex },
      borrow: { resource: isIndex },
      stream: { element: nullable(isValType) },
      future: { element: nullable(isValType) },
      'error-context': {},
    }),
  ),
);
const PRIMITIVES = ['bool', 's8', 'u8', 's16', 'u16', 's32', 'u32', 's64', 'u64', 'f32', 'f64', 'char', 'string'];
const isField = object({ name: isText, type: isValType });
const isFuncType = once(object({ params: arrayOf(isField), result: nullable(isValType), async: isBoolean }));

const isWorldFunction = object({ interface: nullable(isText), name: isText, id: isText, type: isFuncType });
const isResourceType = object({ name: isText, interface: nullable(isText), side: literal('import', 'export') });
const isWorldShape = object({
  imports: arrayOf(isWorldFunction),
  exports: arrayOf(isWorldFunction),
  resources: arrayOf(isResourceType),
});

const isCoreItem: Is = lazily(() =>
  tagged({
    export: { instance: isIndex, name: isText },
    'lower-import': { import: isIndex, options: isCanonOptions, scope: isIndex },
    'lower-lifted': { lifted: isLifted, options: isCanonOptions, scope: isIndex },
    'resource-new': { resource: isIndex, scope: isIndex },
    'resource-rep': { resource: isIndex, scope: isIndex },
    'resource-drop': { resource: isIndex, scope: isIndex },
    wasi: { name: isText },
    builtin: { name: isText },
  }),
);
const isCanonOptions = once(
  object({
    encoding: literal('utf8', 'utf16', 'latin1+utf16'),
    memory: nullable(isCoreItem),
    realloc: nullable(isCoreItem),
    postReturn: nullable(isCoreItem),
  }),
);
const isLifted = object({ core: isCoreItem, type: isFuncType, options: isCanonOptions, scope: isIndex });

const isPlanShape = object({
  world: isWorldShape,
  modules: arrayOf(object({ start: isIndex, end: isIndex })),
  instantiations: arrayOf(
    object({ module: isIndex, args: arrayOf(object({ module: isText, name: isText, value: isCoreItem })) }),
  ),
  exports: arrayOf(isLifted),
  resources: arrayOf(tagged({ imported: {}, defined: { dtor: nullable(isCoreItem), scope: isIndex } })),
  scopes: isIndex,
  initialize: arrayOf(isCoreItem),
});

function hasSoundPositions(plan: Plan, size: number): boolean {
  const { world, modules, instantiations, exports, resources, scopes, initialize } = plan;
  const whole = { plan, instances: instantiations.length };
  return (
    scopes >= 1 &&
    areSoundHandles(plan, resources.length, new Set()) &&
    exports.length === world.exports.length &&
    resources.length >= world.resources.length &&
    modules.every(({ start, end }) => start <= end && end <= size) &&
    instantiations.every(
      ({ module, args }, position) =>
        module < modules.length && args.every(({ value }) => isSoundItem(value, { plan, instances: position })),
    ) &&
    exports.every((lifted) => isSoundLifted(lifted, whole)) &&
    initialize.every((item) => isSoundItem(item, whole)) &&
    resources.every(
      (resource) =>
        resource.kind === 'imported' ||
        (resource.scope < scopes && (resource.dtor === null || isSoundItem(resource.dtor, whole))),
    )
  );
}

interface Bounds {
  readonly plan: Plan;
  /** Core instances that exist by then. */
  readonly instances: number;
}

function isSoundItem(item: CoreItem, bounds: Bounds): boolean {
  const { plan, instances } = bounds;
  switch (item.kind) {
    case 'export':
      return item.instance < instances;
    case 'lower-import':
      return (
        item.import < plan.world.imports.length && item.scope < plan.scopes && areSoundOptions(item.options, bounds)
      );
    case 'lower-lifted':
      return isSoundLifted(item.lifted, bounds) && item.scope < plan.scopes && areSoundOptions(item.options, bounds);
    case 'resource-new':
    case 'resource-rep':
    case 'resource-drop':
      return item.resource < plan.resources.length && item.scope < plan.scopes;
    case 'wasi':
    case 'builtin':
      return true;
  }
}

function isSoundLifted({ core, options, scope }: Lifted, bounds: Bounds): boolean {
  return scope < bounds.plan.scopes && isSoundItem(core, bounds) && areSoundOptions(options, bounds);
}

/** The executor looks for memory and realloc at their first use: a core module's own imports name its own exports. */
function areSoundOptions({ memory, realloc, postReturn }: CanonOptions, { plan }: Bounds): boolean {
  const bounds = { plan, instances: plan.instantiations.length };
  return [memory, realloc, postReturn].every((item) => item === null || isSoundItem(item, bounds));
}

/** Does every `own` and `borrow` type in there refer to one of so many resources? The shape has been checked before. */
function areSoundHandles(value: unknown, resources: number, seen: Set<object>): boolean {
  if (typeof value !== 'object' || value === null || seen.has(value)) return true;
  seen.add(value);
  if ('kind' in value && (value.kind === 'own' || value.kind === 'borrow')) {
    return 'resource' in value && (value.resource as number) < resources;
  }
  for (const item of Object.values(value)) if (!areSoundHandles(item, resources, seen)) return false;
  return true;
}
