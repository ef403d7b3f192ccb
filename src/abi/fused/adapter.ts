import type { FunctionBody } from '../../wasm/function-body.ts';
import { ModuleWriter, type Signature } from '../../wasm/module-writer.ts';
import type { FuncType } from '../../wasm/types.ts';
import { alignTo, flattenFunction, layoutOf, offsetsOf } from '../layout.ts';
import { isFixedSize } from '../size.ts';
import { CrossingCode, importKernel } from './crossing-code.ts';
import { emitFlat, emitSequence } from './flat-values.ts';
import { emitCopy } from './memory-values.ts';
import { callerSignature, fixedBytes, paramTypes } from './signature.ts';
import { REPLY, REQUEST, Translator } from './translator.ts';

const REALLOC: Signature = { params: ['i32', 'i32', 'i32', 'i32'], results: ['i32'] };

export interface AdapterOptions {
  /** The callee wants to hear when its result was read. */
  readonly postReturn: boolean;
}

/**
 * The module that carries calls of one type between two instances, for types that are not scalar: state check, record,
 * parameters, call, result, post-return. Its export `call` has the caller's signature. The type is fusable.
 * Source: CanonicalABI.md, `canon_lower` of a `canon_lift`, both synchronous.
 */
export function makeAdapter(type: FuncType, options: AdapterOptions): Uint8Array {
  const module = new ModuleWriter();
  const ends = declare(module, type, options);
  const { index, body } = module.define(callerSignature(type));
  module.export('call', 'function', index);
  const crossing = new CrossingCode(body, {
    ...ends.kernel,
    caller: () => body.getGlobal(ends.caller),
    callee: () => body.getGlobal(ends.callee),
    port: () => body.getGlobal(ends.port),
  });
  emitRequest(crossing, body, type, ends);
  const flat = flattenFunction(type);
  body.get(...flat.params.keys()).call(ends.call);
  const returned = flat.results.map((result) => body.local(result));
  for (const local of returned) body.set(local);
  crossing.assertUntouched();
  if (ends.post !== null) crossing.setState('callee', false);
  const results = callerSignature(type).results.map((result) => body.local(result));
  results.forEach((result, i) => {
    body.get(returned[i] as number).set(result);
  });
  emitReply(crossing, body, type, ends, { returned, results });
  if (ends.post !== null) body.get(...returned).call(ends.post);
  crossing.exit();
  body.get(...results);
  return module.finish();
}

type Ends = ReturnType<typeof declare>;

/** Imports, then globals: indices in the module. */
function declare(module: ModuleWriter, type: FuncType, { postReturn }: AdapterOptions) {
  const { params, results } = flattenFunction(type);
  const kernel = importKernel(module);
  const [a, b] = [module.importMemory('a', 'memory'), module.importMemory('b', 'memory')];
  const reallocA = hasVariableReply(type) ? module.importFunction('a', 'realloc', REALLOC) : null;
  const reallocB = needsRoom(type) ? module.importFunction('b', 'realloc', REALLOC) : null;
  const call = module.importFunction('b', 'call', { params, results });
  const post = postReturn ? module.importFunction('b', 'post', { params: results, results: [] }) : null;
  const importCell = (name: string) => module.importGlobal('k', name, 'i32');
  const [caller, callee, port] = [importCell('caller'), importCell('callee'), importCell('port')];
  const maxBytes = importCell('maxBytes');
  const used = module.global(0);
  const parts = { module, fault: kernel.fault, callee, message: { maxBytes, used } };
  return {
    kernel,
    call,
    post,
    caller,
    callee,
    port,
    used,
    request: new Translator(parts, { ...REQUEST, from: a, to: b, realloc: reallocB }),
    reply: new Translator(parts, { ...REPLY, from: b, to: a, realloc: reallocA }),
  };
}

const hasVariableRequest = (type: FuncType): boolean => !paramTypes(type).every(isFixedSize);
const hasVariableReply = ({ result }: FuncType): boolean => result !== null && !isFixedSize(result);
const needsRoom = (type: FuncType): boolean => hasVariableRequest(type) || flattenFunction(type).indirectParams;
const fixedReply = ({ result }: FuncType): number => (result === null ? 0 : fixedBytes([result]));

/** The callee's realloc is the only code of a guest that runs meanwhile; it may not leave. */
function emitRequest(crossing: CrossingCode, body: FunctionBody, type: FuncType, ends: Ends): void {
  const types = paramTypes(type);
  const { params, indirectParams } = flattenFunction(type);
  const { request, used } = ends;
  const fixed = fixedBytes(types);
  crossing.enter(!needsRoom(type));
  const isFixed = !hasVariableRequest(type) && !hasVariableReply(type);
  crossing.record(fixed, hasVariableReply(type) ? 0 : fixedReply(type), isFixed);
  if (hasVariableRequest(type)) body.i32(fixed).setGlobal(used);
  if (indirectParams) {
    const { end, align } = offsetsOf(types);
    const [count, copy] = [body.local('i32'), body.local('i32')];
    body.i32(alignTo(end, align)).set(count);
    request.checkPointer(body, 'giver', 0, align, () => body.get(count));
    request.allocate(body, copy, align, count);
    emitCopy(request, body, { kind: 'tuple', elements: types }, { from: 0, to: copy, offset: 0 });
    body.get(copy).set(0).release(count, copy);
  } else emitSequence(request, body, types, [...params.keys()]);
  if (hasVariableRequest(type)) {
    crossing.addBytes('request', () => body.getGlobal(used).i32(fixed).op('i32.sub'));
  }
  if (needsRoom(type)) crossing.setState('callee', true);
}

/** The caller's realloc is the only code of a guest that runs meanwhile; it may not leave. */
function emitReply(
  crossing: CrossingCode,
  body: FunctionBody,
  type: FuncType,
  { reply, used }: Ends,
  { returned, results }: { readonly returned: readonly number[]; readonly results: readonly number[] },
): void {
  const { result } = type;
  if (result === null) return;
  const { params, indirectResult } = flattenFunction(type);
  if (!indirectResult) {
    emitFlat(reply, body, result, results);
    crossing.fixedReply();
    return;
  }
  const { size, align } = layoutOf(result);
  const [from, out] = [returned[0] as number, params.length];
  reply.checkPointer(body, 'giver', from, align, () => body.i32(size));
  reply.checkPointer(body, 'taker', out, align, () => body.i32(size));
  if (!hasVariableReply(type)) {
    emitCopy(reply, body, result, { from, to: out, offset: 0 });
    crossing.fixedReply();
    return;
  }
  body.i32(fixedReply(type)).setGlobal(used);
  crossing.setState('caller', false);
  emitCopy(reply, body, result, { from, to: out, offset: 0 });
  crossing.setState('caller', true);
  crossing.addBytes('reply', () => body.getGlobal(used));
}
