import type { FuncType, ValType } from '../wasm/types.ts';
import type { AdapterPlan, Lowered, Side } from './adapters.ts';
import type { EmitContext } from './emit-access.ts';
import { emitCheck } from './emit-check.ts';
import { emitLiftFlat, emitLoad } from './emit-lift.ts';
import { emitLowerFlat, emitStore } from './emit-lower.ts';
import type { Emitter } from './emitter.ts';
import { alignTo, casesOf, fieldTypes, flatOf, flattenFunction, layoutOf, offsetsOf } from './layout.ts';
import { isFixedSize, sizerOf } from './size.ts';

/**
 * Whole functions out of lifts and lowers. Source: CanonicalABI.md, "Lifting and Lowering Values", `canon_lift` and
 * `canon_lower`, for synchronous functions.
 */
export interface FunctionContext {
  readonly emitter: Emitter;
  readonly plan: AdapterPlan;
  /** Exports and the links between scopes return promises; imports may. */
  readonly isAsync: boolean;
}

const range = (count: number, prefix: string): string[] => Array.from({ length: count }, (_, i) => `${prefix}${i}`);

const sideContext = ({ emitter, plan }: FunctionContext, side: Side): EmitContext => ({
  emitter,
  resources: plan.resources,
  encoding: side.options.encoding,
});

export function containsKind(type: ValType | null, kinds: readonly ValType['kind'][]): boolean {
  if (type === null) return false;
  if (kinds.includes(type.kind)) return true;
  switch (type.kind) {
    case 'list':
      return containsKind(type.element, kinds);
    case 'record':
    case 'tuple':
      return fieldTypes(type).some((field) => containsKind(field, kinds));
    case 'variant':
    case 'option':
    case 'result':
      return casesOf(type).some((payload) => containsKind(payload, kinds));
    default:
      return false;
  }
}

const paramTypes = (type: FuncType): readonly ValType[] => type.params.map((param) => param.type);
const borrows = (type: FuncType): boolean => paramTypes(type).some((param) => containsKind(param, ['borrow']));

/** `x(I, args)`: what `Instance.call` runs. Checks everything before anything of the guest runs. */
export function emitExport(context: FunctionContext, side: Side, lifted: number, inner: string): string {
  const { emitter, isAsync } = context;
  const { params } = side.type;
  const id = emitter.constant(side.id);
  const args = range(params.length, 'a');
  const types = paramTypes(side.type);
  const lines = [`if (args.length !== ${args.length}) throw badCount(args.length, ${args.length}, ${id});`];
  if (args.length > 0) lines.push(`const ${args.map((arg, i) => `${arg} = args[${i}]`).join(', ')};`);
  const isFixed = types.every(isFixedSize);
  const hasHandles = types.some((type) => containsKind(type, ['own', 'borrow']));
  const checks = args.map((arg, i) => {
    const check = emitCheck(sideContext(context, side), types[i] as ValType, arg);
    return `if ((m = ${check}) !== null) throw badArgument(m, ${i}, ${id});`;
  });
  lines.push(`const cx = I.contexts[${side.context}];`);
  if (!isFixed) lines.push('cx.begin();');
  if (hasHandles) lines.push('cx.serial = nextSerial();');
  if (checks.length > 0) lines.push('let m;', ...checks);
  if (!isFixed) lines.push(emitSizeCheck(emitter, side.type, 'params', 'args'));
  const call = `${isAsync ? 'await ' : ''}${inner}(${['I', ...args].join(', ')})`;
  lines.push('I.enter();', `const v = ${call};`, 'I.exit();', 'return v;');
  return emitter.define(`x${lifted}_`, 'I, args', lines.join('\n'), isAsync);
}

/** The check counted an upper bound; where that is too much, count exactly. */
export function emitSizeCheck(
  emitter: Emitter,
  type: FuncType,
  method: 'params' | 'result',
  value: string,
  max: number | 'I.maxMessageBytes' = 'I.maxMessageBytes',
): string {
  const sizer = emitter.constant(sizerOf(type));
  return `if (cx.checked > ${max} && ${sizer}.${method}(${value}) > ${max}) throw tooLarge(${max});`;
}

/** `e(I, a0, …)`: `canon lift` of checked arguments. */
export function emitLifted(context: FunctionContext, side: Side, lifted: number): string {
  const { emitter, plan, isAsync } = context;
  const flat = flattenFunction(side.type);
  const hasBorrows = borrows(side.type);
  const isMulti = plan.scopes > 1;
  const args = range(side.type.params.length, 'a');
  const lines = [`const cx = I.contexts[${side.context}], S = cx.scope;`];
  if (isMulti) lines.push('if (S.entered) throw reentered();', 'S.entered = true;');
  if (hasBorrows) lines.push('const B = cx.borrowScope = { borrows: 0 };');
  const core = emitLowerParams(context, side, args, lines);
  const call = `I.${isAsync ? 'promised' : 'core'}[${lifted}](${core.join(', ')})`;
  lines.push(`const r = ${isAsync ? 'await ' : ''}${call};`);
  if (isAsync) lines.push('I.resumed();');
  lines.push('if (!S.mayLeave) throw I.swallowed();');
  const value = emitLiftResult(context, side, lines);
  if (hasBorrows) lines.push('if (B.borrows > 0) throw borrowsLeft(B.borrows);');
  if (side.options.postReturn !== null) {
    lines.push(
      'S.mayLeave = false;',
      `I.postReturn[${lifted}](${flat.results.length > 0 ? 'r' : ''});`,
      'S.mayLeave = true;',
    );
  }
  if (isMulti) lines.push('S.entered = false;');
  lines.push(`return ${value};`);
  return emitter.define(`e${lifted}_`, ['I', ...args].join(', '), lines.join('\n'), isAsync);
}

/** Statements that lower the arguments; gives the core arguments. */
function emitLowerParams(context: FunctionContext, side: Side, args: string[], lines: string[]): string[] {
  const types = paramTypes(side.type);
  const lower = sideContext(context, side);
  if (!flattenFunction(side.type).indirectParams) {
    return args.flatMap((arg, i) => emitLowerFlat(lower, types[i] as ValType, arg, lines));
  }
  const { offsets, end, align } = offsetsOf(types);
  lines.push(`const P = cx.allocate(${align}, ${alignTo(end, align)});`);
  args.forEach((arg, i) => {
    lines.push(emitStore(lower, types[i] as ValType, arg, 'P', offsets[i] as number));
  });
  return ['P'];
}

/** Statements that lift the core result `r`; gives an expression for the value. */
function emitLiftResult(context: FunctionContext, side: Side, lines: string[]): string {
  const { result } = side.type;
  if (result === null) return 'undefined';
  const lift = sideContext(context, side);
  if (!flattenFunction(side.type).indirectResult) return emitLiftFlat(lift, result, ['r'], lines);
  const { size, align } = layoutOf(result);
  lines.push('cx.begin();', `const R = cx.range(r, ${align}, ${size});`);
  lines.push(`const v = ${emitLoad(lift, result, 'R', 0)};`);
  return 'v';
}

/**
 * `i(I)`: makes the core function that stands for an import, or for a function lifted elsewhere in the same instance
 * (`inner`). While it runs nothing may leave its scope; should anything be thrown on the way, that stays so, and a
 * guest that catches the exception gets no further.
 */
export function emitLowered(context: FunctionContext, side: Lowered, inner: string | null, isAsync: boolean): string {
  const flat = flattenFunction(side.type);
  const hasBorrows = borrows(side.type);
  const params = range(flat.params.length, 'p');
  const lines: string[] = ['cx.begin();'];
  if (hasBorrows) lines.push('const loans = cx.loans = [];');
  const args = emitLiftParams(context, side, params, lines);
  const wait = isAsync ? 'await ' : '';
  if (inner !== null) {
    lines.push(`const v = ${wait}${inner}(${['I', ...args].join(', ')});`);
    if (isAsync) lines.push('I.resumed();');
    lines.push('cx.sync();');
  } else {
    const call = `${isAsync ? 'await I.awaitImport' : 'I.callImport'}(${(side.target as { import: number }).import}, [${args.join(', ')}])`;
    lines.push(`const v = ${call};`);
    if (isAsync) lines.push('I.resumed();');
    lines.push('cx.begin();', ...emitCheckResult(context, side));
  }
  const results = emitLowerResult(context, side, lines);
  if (hasBorrows) lines.push('release(loans);');
  lines.push('S.mayLeave = true;', `return ${results};`);
  const all = (flat.indirectResult ? [...params, 'out'] : params).join(', ');
  const guard = ['if (!S.mayLeave) throw I.cannotLeave();'];
  if (isAsync) guard.push(`if (!I.isSuspendable) throw I.cannotSuspend(${context.emitter.constant(side.id)});`);
  return context.emitter.define(
    'i',
    'I',
    [
      `const cx = I.contexts[${side.context}], S = cx.scope;`,
      `const run = ${isAsync ? 'async ' : ''}(${all}) => {`,
      'S.mayLeave = false;',
      `try {\n${lines.join('\n')}\n} catch (error) { throw I.doom(error); }`,
      '};',
      `return (${all}) => {`,
      ...guard,
      `return run(${all});`,
      '};',
    ].join('\n'),
  );
}

function emitLiftParams(context: FunctionContext, side: Side, params: string[], lines: string[]): string[] {
  const types = paramTypes(side.type);
  const lift = sideContext(context, side);
  if (flattenFunction(side.type).indirectParams) {
    const { offsets, end, align } = offsetsOf(types);
    lines.push(`const P = cx.range(p0, ${align}, ${alignTo(end, align)});`);
    return types.map((type, i) => {
      const name = context.emitter.fresh('a');
      lines.push(`const ${name} = ${emitLoad(lift, type, 'P', offsets[i] as number)};`);
      return name;
    });
  }
  let start = 0;
  return types.map((type) => {
    const end = start + flatOf(type).length;
    const value = emitLiftFlat(lift, type, params.slice(start, end), lines);
    start = end;
    return value;
  });
}

/** Host code gave `v`: it's checked before the guest's realloc runs. */
function emitCheckResult(context: FunctionContext, side: Side): string[] {
  const { result } = side.type;
  if (result === null) return [];
  const check = emitCheck(sideContext(context, side), result, 'v');
  const lines = containsKind(result, ['own', 'borrow']) ? ['cx.serial = nextSerial();'] : [];
  const id = context.emitter.constant(side.id);
  lines.push(`let m;\ntry { m = ${check}; } catch (error) { throw unreadableResult(error, ${id}); }`);
  lines.push(`if (m !== null) throw badResult(m, ${id});`);
  if (!isFixedSize(result)) lines.push(emitSizeCheck(context.emitter, side.type, 'result', 'v'));
  return lines;
}

/** Statements that lower `v`; gives an expression for the core result. */
function emitLowerResult(context: FunctionContext, side: Side, lines: string[]): string {
  const { result } = side.type;
  if (result === null) return '';
  const lower = sideContext(context, side);
  if (!flattenFunction(side.type).indirectResult) return emitLowerFlat(lower, result, 'v', lines)[0] as string;
  const { size, align } = layoutOf(result);
  lines.push(`const R = cx.range(out, ${align}, ${size});`, emitStore(lower, result, 'v', 'R', 0));
  return '';
}
