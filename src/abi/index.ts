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
export { type EntryCall, isPlainFunction, makeEntryCall } from './entry-call.ts';
export { fault, tooLarge } from './fault.ts';
export { TypeInterner } from './intern.ts';
export { MAX_LIST_BYTES } from './limits.ts';
export { pascalCase } from './names.ts';
export { GuestResource, makeResourceClass, type ResourceClass } from './resource.ts';
export { type Sizer, sizerOf } from './size.ts';
