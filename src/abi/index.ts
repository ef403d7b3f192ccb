import type { Field } from '../wasm/types.ts';
import { sizeOf } from './size.ts';

export {
  type AdapterPlan,
  type AdapterRuntime,
  type Adapters,
  type CoreFunction,
  type Lowered,
  makeAdapters,
  type Side,
} from './adapters.ts';
export { Context, type ContextItems, type LeaveCell, Scope } from './context.ts';
export { fault, tooLarge } from './fault.ts';
export { TypeInterner } from './intern.ts';
export { MAX_LIST_BYTES } from './limits.ts';
export { pascalCase } from './names.ts';
export { GuestResource, makeResourceClass, type ResourceClass } from './resource.ts';
export { type Sizer, sizeOf, sizerOf } from './size.ts';

/** Bytes that the arguments of a call carry: see `Sizer`. */
export function sizeOfMessage(params: readonly Field[], args: readonly unknown[]): number {
  return params.reduce((sum, param, i) => sum + sizeOf(param.type, args[i]), 0);
}
