import { caseNames, isTaggedOption, propertyNames } from '../abi/names.ts';
import { measure } from '../wasm/measure.ts';
import type { FuncType, ValType } from '../wasm/types.ts';

export type StreamType = ValType & { kind: 'stream' | 'future' };
type Step = IteratorResult<unknown, undefined>;

const END: Step = { done: true, value: undefined };

/**
 * The readable end of a `stream<T>` or a `future<T>`. Whoever reads pulls: the writer is asked for no more than one chunk
 * (a `list<T>`, or the one value of a future) at a time, and nothing is kept in between. What goes wrong at the writer is
 * thrown by `next`; `return` says that nobody reads any more.
 */
export class Source implements AsyncIterableIterator<unknown, undefined> {
  readonly #pull: () => Promise<Step>;
  readonly #drop: () => void;
  #isOver = false;
  #turn: Promise<unknown> = Promise.resolve();

  /** `drop` is called at most once, and not after the end. */
  constructor(pull: () => Promise<Step>, drop: () => void) {
    this.#pull = pull;
    this.#drop = drop;
  }

  next(): Promise<Step> {
    const step = this.#turn.then(() => this.#step());
    this.#turn = step.catch(() => undefined);
    return step;
  }

  async return(): Promise<Step> {
    if (!this.#isOver) {
      this.#isOver = true;
      this.#drop();
    }
    return END;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  async #step(): Promise<Step> {
    if (this.#isOver) return END;
    try {
      const step = await this.#pull();
      if (step.done) this.#isOver = true;
      return step;
    } catch (error) {
      this.#isOver = true;
      throw error;
    }
  }
}

/** Of one value that is there already, or will be: a future's. */
function onceOf(value: PromiseLike<unknown>): Source {
  // Nobody may ever ask for it, and its failure is not to end the process.
  const settled = Promise.resolve(value);
  settled.catch(() => undefined);
  let isGiven = false;
  const pull = async (): Promise<Step> => {
    if (isGiven) return END;
    isGiven = true;
    return { done: false, value: await settled };
  };
  return new Source(pull, () => undefined);
}

export function settledSource(value: unknown): Source {
  return onceOf(Promise.resolve(value));
}

/** Does any parameter or result hold a stream or a future? */
export function carriesStreams({ params, result }: FuncType): boolean {
  return params.some(({ type }) => measure(type).isAsync) || (result !== null && measure(result).isAsync);
}

/** What a chunk is: `list<T>`; for a future its value, null where it has none. */
export function chunkType({ kind, element }: StreamType): ValType | null {
  return kind === 'future' ? element : element && { kind: 'list', element };
}

/** What a program or its host function gives for a stream or a future, as a source; anything else as it is. */
export function fromProgram(type: StreamType, value: unknown): unknown {
  if (value instanceof Source || typeof value !== 'object' || value === null) return value;
  if (type.kind === 'future') return 'then' in value ? onceOf(value as PromiseLike<unknown>) : value;
  const chunks = value as Partial<AsyncIterable<unknown> & Iterable<unknown>>;
  const iterator = chunks[Symbol.asyncIterator]?.() ?? chunks[Symbol.iterator]?.();
  if (iterator === undefined) return value;
  return new Source(
    async () => {
      const step = await iterator.next();
      return step.done ? END : { done: false, value: step.value };
    },
    () => {
      Promise.resolve(iterator.return?.()).catch(() => undefined);
    },
  );
}

/** What a program is given: a stream as it is (an async iterable of chunks), a future as a promise. */
export function forProgram({ kind }: StreamType, source: unknown): unknown {
  if (kind === 'stream' || !(source instanceof Source)) return source;
  const value = source.next().then((step) => step.value);
  value.catch(() => undefined);
  return value;
}

/** Nobody reads any of the streams and futures in the value. */
export function returnSources(type: ValType | null, value: unknown): void {
  mapSources(type, value, (_, source) => {
    if (source instanceof Source) void source.return();
  });
}

/** The value with all that it holds in the place of streams and futures replaced; the rest need not fit the type. */
export function mapSources(
  type: ValType | null,
  value: unknown,
  map: (type: StreamType, value: unknown) => unknown,
): unknown {
  if (type === null || !measure(type).isAsync) return value;
  const inner = (part: ValType | null, at: unknown) => mapSources(part, at, map);
  if (type.kind === 'stream' || type.kind === 'future') return map(type as StreamType, value);
  if (typeof value !== 'object' || value === null) return value;
  const object = value as Readonly<Record<string, unknown>>;
  switch (type.kind) {
    case 'list':
      return Array.isArray(value) ? value.map((item) => inner(type.element, item)) : value;
    case 'tuple':
      return Array.isArray(value) ? value.map((item, i) => inner(type.elements[i] ?? null, item)) : value;
    case 'record': {
      const names = propertyNames(type.fields.map((field) => field.name));
      return Object.fromEntries(type.fields.map((field, i) => [names[i], inner(field.type, object[names[i] ?? ''])]));
    }
    case 'option':
      if (!isTaggedOption(type)) return inner(type.some, value);
      return { ...object, val: object.tag === 'some' ? inner(type.some, object.val) : object.val };
    case 'variant':
    case 'result': {
      const payloads = type.kind === 'result' ? [type.ok, type.err] : type.cases.map((one) => one.type);
      const payload = payloads[caseNames(type).indexOf(object.tag as string)] ?? null;
      return payload === null ? value : { ...object, val: inner(payload, object.val) };
    }
    default:
      return value;
  }
}
