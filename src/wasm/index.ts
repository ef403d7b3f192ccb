/** Bytes to understanding: what other rooms use of this one. */
export type { ComponentAst, Definition } from './component-ast.ts';
export { type CoreExtern, type CoreFuncType, type CoreLimits, formatCoreExtern, formatCoreFunc } from './core-types.ts';
export { decodeComponent, layerOf } from './decode-component.ts';
export { flattenFunc, flattenType, flattenTypes, MAX_FLAT_PARAMS, MAX_FLAT_RESULTS } from './flatten.ts';
export { formatFunc, formatType, type ResourceName } from './format.ts';
export { children, measure } from './measure.ts';
export { inspectModule } from './module.ts';
export type { ModuleCounts, ModuleExport, ModuleImport, ModuleInfo } from './module-info.ts';
export { type ImportName, type Member, type NamedRange, onlyMember, orderMembers } from './module-set.ts';
export type {
  Argument,
  CanonOptions,
  CoreItem,
  Instantiation,
  Lifted,
  ModuleRange,
  Plan,
  PlanResource,
} from './plan.ts';
export { planCore, planMembers } from './plan-core.ts';
export { planComponent, type UnderstoodComponent, understandComponent, worldOfComponent } from './planner.ts';
export {
  FUEL,
  FUEL_EXPORT,
  INTERRUPT,
  type OwnMemory,
  REWRITE_MODULE,
  type RewriteOptions,
  type Rewritten,
  rewrite,
} from './rewrite/index.ts';
export { explainMismatch, isSubtype } from './subtype.ts';
export type { Case, Field, FuncType, PrimitiveKind, ResourceType, ValType, World, WorldFunction } from './types.ts';
export type { Feature } from './validate-canon.ts';
