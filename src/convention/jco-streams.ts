import { layoutOf } from '../abi/layout.ts';
import { isFixedSize } from '../abi/size.ts';
import { isNumberKind } from '../abi/typed-lists.ts';
import { guestTrap } from '../compartment/guest-error.ts';
import { mapSources, Source, type StreamType, settledSource } from '../compartment/source.ts';
import { CofferdamError } from '../error.ts';
import type { ValType } from '../wasm/types.ts';
import { LEAST_ITEM_BYTES } from './conform.ts';
import type { Feed, Realm } from './jco-realm.ts';
import { fromRealmValue, RealmHandle } from './realm-values.ts';

/** Streams and futures that an instance may hold ends of, across its outside. */
const MAX_OPEN = 256;
/** Of one chunk, however small they are: each is an object on its way through jco. */
const MAX_ITEMS = 65_536;

type Step = IteratorResult<unknown, undefined>;

interface Open {
  /** The instance has ended. */
  end(error: unknown): void;
}

/** The ends of streams and futures that one instance of jco's has given away and was given. */
export class JcoStreams {
  readonly #maxBytes: number;
  readonly #env: { readonly realm: () => Realm | null; readonly crashed: (error: unknown) => void };
  readonly #open = new Set<Open>();
  #ended: { readonly error: unknown } | null = null;

  /** `crashed` ends the instance, and has `end` called. */
  constructor(maxBytes: number, env: { realm: () => Realm | null; crashed: (error: unknown) => void }) {
    this.#maxBytes = maxBytes;
    this.#env = env;
  }

  /** What the guest gave, with sources in the place of its streams and futures. */
  take(type: ValType | null, value: unknown): unknown {
    return mapSources(type, value, (inner, given) => {
      if (given instanceof RealmHandle) return this.#taken(inner, given.object);
      // jco waits for a future that is all that a function returns.
      return inner.kind === 'future' ? settledSource(given) : given;
    });
  }

  /** What the guest is given, with feeds in the place of sources. */
  feed(type: ValType | null, value: unknown): unknown {
    return mapSources(type, value, (inner, source) => (source instanceof Source ? this.#fed(inner, source) : source));
  }

  end(error: unknown): void {
    this.#ended = { error };
    for (const open of this.#open) open.end(error);
    this.#open.clear();
  }

  #taken(type: StreamType, object: object): Source {
    const { promise: ended, reject } = Promise.withResolvers<never>();
    ended.catch(() => undefined);
    const open = this.#add({ end: reject });
    const over = () => this.#open.delete(open);
    const read = async () => {
      const step = await Promise.race([ended, this.#read(type, object)]);
      if (step.done || type.kind === 'future') over();
      return step;
    };
    let isGiven = false;
    const pull = async () => {
      if (isGiven) return { done: true, value: undefined } as const;
      isGiven = type.kind === 'future';
      return await read();
    };
    return new Source(pull, () => {
      over();
      if (type.kind === 'stream') this.#env.realm()?.drop(object);
    });
  }

  #read(type: StreamType, object: object): Promise<Step> {
    const realm = this.#env.realm();
    return new Promise((resolve, reject) => {
      const settle = (ending: string, value: unknown) => {
        if (ending === 'ok') resolve({ done: false, value: fromRealmValue(value) });
        else if (ending === 'end') resolve({ done: true, value: undefined });
        else this.#env.crashed(guestTrap(String(value)));
      };
      if (realm === null) reject(this.#ended?.error);
      else if (type.kind === 'future') realm.await(object, settle);
      else realm.read(object, itemsPerChunk(type, this.#maxBytes), isTyped(type), settle);
    });
  }

  #fed(type: StreamType, source: Source): Feed {
    const open = this.#add({ end: () => void source.return() });
    const feed = (ask: 'kind' | 'next' | 'drop', settle?: (ending: 'ok' | 'end', value: unknown) => void) => {
      if (ask === 'kind') return type.kind;
      if (ask === 'next') this.#next(type, source, open, settle);
      else if (this.#open.delete(open)) void source.return();
      return undefined;
    };
    return Object.setPrototypeOf(feed, null);
  }

  /** A writer that fails is no end of the stream: what came so far would be taken for all of it. */
  async #next(type: StreamType, source: Source, open: Open, settle?: (ending: 'ok' | 'end', value: unknown) => void) {
    try {
      let step = await source.next();
      while (!step.done && type.kind === 'stream' && (step.value as ArrayLike<unknown>).length === 0) {
        step = await source.next();
      }
      if (step.done && type.kind === 'future') throw unwritten();
      if (step.done || type.kind === 'future') this.#open.delete(open);
      if (this.#ended === null) settle?.(step.done ? 'end' : 'ok', step.value);
    } catch (error) {
      this.#open.delete(open);
      this.#env.crashed(error);
    }
  }

  #add(open: Open): Open {
    if (this.#ended !== null) open.end(this.#ended.error);
    else if (this.#open.size >= MAX_OPEN) this.#env.crashed(guestTrap(`it holds ${MAX_OPEN} streams and futures`));
    else this.#open.add(open);
    return open;
  }
}

function unwritten(): CofferdamError<'RESULT_TYPE'> {
  return new CofferdamError('RESULT_TYPE', 'A future ended without a value - write it before it is dropped');
}

const isTyped = ({ element }: StreamType): boolean => element !== null && isNumberKind(element.kind);

/** As many as surely fit into a message. */
function itemsPerChunk({ element }: StreamType, maxBytes: number): number {
  if (element === null || !isFixedSize(element)) return 1;
  return Math.min(
    MAX_ITEMS,
    Math.max(
      1,
      Math.floor(
        maxBytes / Math.max(isTyped({ kind: 'stream', element }) ? 1 : LEAST_ITEM_BYTES, layoutOf(element).size),
      ),
    ),
  );
}
