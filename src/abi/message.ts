import type { FuncType, WorldFunction } from '../wasm/types.ts';
import { Context, Scope } from './context.ts';
import type { EmitContext } from './emit-access.ts';
import { emitCheck } from './emit-check.ts';
import { containsKind, emitSizeCheck } from './emit-function.ts';
import { emitLoad } from './emit-lift.ts';
import { emitStore } from './emit-lower.ts';
import { Emitter } from './emitter.ts';
import { TypeInterner } from './intern.ts';
import { alignTo, layoutOf, offsetsOf, unsupported } from './layout.ts';
import { LIBRARY } from './library.ts';
import { isFixedSize } from './size.ts';

/**
 * Arguments and results as bytes of a frame, for two instances that share no memory: laid out as the canonical ABI stores
 * them (one tuple of all parameters; strings are UTF-8), the frame being the memory and what follows the tuple its heap.
 */
export interface MessageCodec {
  /** Throws ARGUMENT_TYPE or LIMIT_MESSAGE, before anything is written. */
  writeParams(place: Context, args: readonly unknown[]): void;
  /** Checks everything that the ABI demands, so that any bytes will do. Throws ABI_* or LIMIT_MESSAGE. */
  readParams(place: Context): unknown[];
  /** Throws RESULT_TYPE or LIMIT_MESSAGE, before anything is written. */
  writeResult(place: Context, value: unknown): void;
  readResult(place: Context): unknown;
}

/** Where a message starts in its frame; before it is room for a header. A multiple of every alignment. */
export const MESSAGE_START = 24;

export interface CodecOptions {
  readonly maxMessageBytes: number;
  /** Are the values that are written to be checked? Not those that were lifted just before. */
  readonly isChecked: boolean;
}

/** One for each function, all compiled at once. Throws ABI_UNSUPPORTED (handles, async) or ABI_TYPE_LIMIT. */
export function compileCodecs(
  functions: readonly Pick<WorldFunction, 'id' | 'type'>[],
  options: CodecOptions,
): readonly MessageCodec[] {
  const emitter = new Emitter();
  const types = new TypeInterner();
  const codecs = functions.map(({ id, type }) => {
    if (type.async) throw unsupported(`asynchronous functions (${id})`);
    for (const each of [...type.params.map((param) => param.type), type.result]) {
      if (containsKind(each, ['own', 'borrow'])) throw unsupported(`handles in a message (${id})`);
    }
    return emitCodec({ emitter, resources: [], encoding: 'utf8' }, id, types.func(type), options);
  });
  return emitter.run(LIBRARY, `[${codecs.join(', ')}]`) as MessageCodec[];
}

function emitCodec(context: EmitContext, id: string, type: FuncType, options: CodecOptions): string {
  const methods = {
    writeParams: emitWriteParams(context, id, type, options),
    readParams: emitReadParams(context, type),
    writeResult: emitWriteResult(context, id, type, options),
    readResult: emitReadResult(context, type),
  };
  return `{ ${Object.entries(methods)
    .map(([name, method]) => `${name}: ${method}`)
    .join(', ')} }`;
}

function emitWriteParams(context: EmitContext, id: string, type: FuncType, options: CodecOptions): string {
  const { emitter } = context;
  const types = type.params.map((param) => param.type);
  const args = types.map((_, i) => `a${i}`);
  const lines = args.map((arg, i) => `const ${arg} = args[${i}];`);
  if (options.isChecked) {
    const name = emitter.constant(id);
    lines.unshift(`if (args.length !== ${args.length}) throw badCount(args.length, ${args.length}, ${name});`);
    lines.push('let m;', 'cx.begin();');
    for (const [i, arg] of args.entries()) {
      const check = emitCheck(context, type.params[i]?.type as never, arg);
      lines.push(`if ((m = ${check}) !== null) throw badArgument(m, ${i}, ${name});`);
    }
    if (!types.every(isFixedSize)) lines.push(emitSizeCheck(emitter, type, 'params', 'args', options.maxMessageBytes));
  }
  if (args.length > 0) {
    const { offsets, end, align } = offsetsOf(types);
    lines.push(`const P = cx.allocate(${align}, ${alignTo(end, align)});`);
    args.forEach((arg, i) => {
      lines.push(emitStore(context, types[i] as never, arg, 'P', offsets[i] as number));
    });
  }
  return emitter.define('wp', 'cx, args', lines.join('\n'));
}

function emitReadParams(context: EmitContext, type: FuncType): string {
  const types = type.params.map((param) => param.type);
  const lines = ['cx.begin();'];
  const { offsets, end, align } = offsetsOf(types);
  if (types.length > 0) lines.push(`const P = cx.range(${MESSAGE_START}, ${align}, ${alignTo(end, align)});`);
  types.forEach((each, i) => {
    lines.push(`const a${i} = ${emitLoad(context, each, 'P', offsets[i] as number)};`);
  });
  lines.push(`return [${types.map((_, i) => `a${i}`).join(', ')}];`);
  return context.emitter.define('rp', 'cx', lines.join('\n'));
}

function emitWriteResult(context: EmitContext, id: string, type: FuncType, options: CodecOptions): string {
  const { emitter } = context;
  const { result } = type;
  const lines: string[] = [];
  if (result !== null) {
    if (options.isChecked) {
      const name = emitter.constant(id);
      lines.push('cx.begin();', 'let m;');
      lines.push(
        `try { m = ${emitCheck(context, result, 'v')}; } catch (error) { throw unreadableResult(error, ${name}); }`,
      );
      lines.push(`if (m !== null) throw badResult(m, ${name});`);
      if (!isFixedSize(result)) lines.push(emitSizeCheck(emitter, type, 'result', 'v', options.maxMessageBytes));
    }
    const { size, align } = layoutOf(result);
    lines.push(`const P = cx.allocate(${align}, ${size});`, emitStore(context, result, 'v', 'P', 0));
  }
  return emitter.define('wr', 'cx, v', lines.join('\n'));
}

function emitReadResult(context: EmitContext, { result }: FuncType): string {
  const lines = ['cx.begin();'];
  if (result !== null) {
    const { size, align } = layoutOf(result);
    lines.push(`const P = cx.range(${MESSAGE_START}, ${align}, ${size});`);
    lines.push(`return ${emitLoad(context, result, 'P', 0)};`);
  }
  return context.emitter.define('rr', 'cx', lines.join('\n'));
}

/** What a frame is written to: asks for room as it grows. */
export interface FrameRoom {
  /** At least `bytes` of room; what was given before stays readable until then. The same object as long as it suffices. */
  reserve(bytes: number): Uint8Array;
}

const REALLOC = { kind: 'builtin', name: 'realloc' } as const;

/** A frame under way: a context whose memory is the frame, and whose realloc takes from its end. */
export class FrameWriter {
  readonly place: Context;
  /** Bytes written so far. */
  length = 0;
  readonly #room: FrameRoom;

  constructor(room: FrameRoom, maxMessageBytes: number) {
    this.#room = room;
    this.place = makePlace(maxMessageBytes, (_old, _oldSize, align, size) => this.#allocate(align, size));
  }

  /** Starts a frame; gives where to write its message. */
  begin(): Context {
    this.length = MESSAGE_START;
    showIn(this.place, this.#room.reserve(MESSAGE_START));
    return this.place;
  }

  #allocate(align: number, size: number): number {
    const start = alignTo(this.length, align);
    const end = start + size;
    const { bytes } = this.place;
    if (end > bytes.length) {
      const larger = this.#room.reserve(Math.max(end, 2 * bytes.length));
      larger.set(bytes.subarray(0, this.length));
      showIn(this.place, larger);
    }
    this.length = end;
    return start;
  }
}

/** For frames that were received: see `showIn`. */
export function makeReader(maxMessageBytes: number): Context {
  return makePlace(maxMessageBytes, () => 0);
}

function makePlace(
  maxMessageBytes: number,
  realloc: (old: number, oldSize: number, align: number, size: number) => number,
) {
  const owner = { resolve: () => realloc, resourceClasses: [], destroy: () => undefined };
  return new Context(owner, new Scope(), { memory: null, realloc: REALLOC, scope: 0 }, maxMessageBytes);
}

/** Lets a context work in `bytes`, which start at offset 0 of their buffer. */
export function showIn(place: Context, bytes: Uint8Array): void {
  if (place.bytes === bytes) return;
  place.bytes = bytes as Uint8Array<ArrayBuffer>;
  place.view = new DataView(bytes.buffer as ArrayBuffer, 0, bytes.length);
  place.buffer = Buffer.from(bytes.buffer as ArrayBuffer, 0, bytes.length);
}
