import { constants, createContext, type Script } from 'node:vm';

/*
 * jco's JavaScript is trusted as far as jco is: no text of a guest is in it (see load/transpile.ts). It is written from
 * hostile bytes all the same, so it runs as if it were not: in a realm of its own per instance, with the language, the
 * WebAssembly API and nothing of Node. `node:vm` alone is no wall, since any object of ours would lead to our `Function`
 * by its `constructor`. So no object of ours gets in: functions have no prototype and are held by the prelude alone, and
 * values are copied by it into objects of the realm. Strings cannot become code there, and nothing can be imported.
 */

/** What the host does for a realm. Functions take and give primitives, and views that they read or fill. */
export interface RealmHost {
  /** Import `index` was called; its answer goes to `settle`. */
  importCalled(index: number, args: readonly unknown[], settle: Settle): void;
  /** Runs a task later, unless the instance has ended. */
  later(task: () => void, ms: number): void;
  /** The guest, or jco in its behalf, failed outside of any answer. */
  crashed(message: string): void;
}

/** How a call ended: with a value, with the `err` of its own `result`, or not at all. */
export type Ending = 'ok' | 'err' | 'failed';
export type Settle = (ending: Ending, value: unknown) => void;

/** A stream or future for the guest, as it stands among the values: it becomes jco's kind of one in the realm. */
export interface Feed {
  /** 'stream' or 'future'. */
  (ask: 'kind'): string;
  /** `ok` with a chunk that is not empty (of a future: its value), or `end`; never a failure, which ends the instance from outside. */
  (ask: 'next', settle: (ending: 'ok' | 'end', value: unknown) => void): void;
  (ask: 'drop'): void;
}

/** One import or export as jco names it, and whether it has a `result` of its own. */
export interface RealmFunction {
  /** Null at world level. */
  readonly interface: string | null;
  readonly name: string;
  readonly isResult: boolean;
}

export interface Realm {
  /** Calls export `index`; values of the realm come out, so copy them before use. */
  call(index: number, args: readonly unknown[], settle: Settle): void;
  /** Up to `count` items of a stream that the guest gave: `ok` with a list, or `end`. `isTyped`: it is a typed array. */
  read(stream: object, count: number, isTyped: boolean, settle: (ending: Ending | 'end', value: unknown) => void): void;
  /** Nobody reads the stream any more. */
  drop(stream: object): void;
  /** The value of a future that the guest gave. */
  await(future: object, settle: Settle): void;
  /** Promises of the realm have this prototype. */
  readonly promise: object;
}

/** A core module under the name that jco's script asks for, and how often an instance may instantiate it. */
export interface RealmModule {
  readonly name: string;
  readonly module: WebAssembly.Module;
  readonly count: number;
}

export interface RealmSource {
  readonly script: Script;
  readonly prelude: Script;
  readonly modules: readonly RealmModule[];
  readonly imports: readonly RealmFunction[];
  readonly exports: readonly RealmFunction[];
  /** Learns of each instance of a core module, to count its memory. */
  readonly made: (exports: WebAssembly.Instance['exports']) => void;
  /** Longest text that the guest may pass, in bytes. */
  readonly maxTextBytes: number;
}

/** Runs jco's `instantiate`, and so the guest's start functions. Throws what the guest throws there. */
export function makeRealm(source: RealmSource, host: RealmHost): Realm {
  const { script, prelude, modules, imports, exports, made, maxTextBytes } = source;
  // jco's script has small modules of its own in it, as numbers; what Wasm can do is no more than its imports can.
  const context = createContext(constants.DONT_CONTEXTIFY, { codeGeneration: { strings: false, wasm: true } });
  const start = prelude.runInContext(context) as (...parts: unknown[]) => (instantiate: unknown) => Realm;
  const parts = bare({
    importCalled: bare(host.importCalled),
    later: bare((task: () => void, ms: number) => host.later(task, ms)),
    crashed: bare((message: string) => host.crashed(String(message))),
    decode: bare((bytes: Uint8Array, encoding: string) => decoded(bytes, encoding, maxTextBytes)),
    encodeInto: bare((text: string, into: Uint8Array) => new TextEncoder().encodeInto(text, into).written),
    byteLength: bare((text: string) => Buffer.byteLength(text)),
    made: bare(made),
  });
  const finish = start(parts, bareList(modules), bareList(imports), bareList(exports));
  return finish(script.runInContext(context));
}

/** Null for what is no text, or too long: an error of ours must not be thrown into the realm. */
function decoded(bytes: Uint8Array, encoding: string, maxBytes: number): string | null {
  if (bytes.byteLength > maxBytes) return null;
  try {
    return new TextDecoder(encoding, { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

/** Nothing of ours can be reached through it. */
function bare<T extends object>(value: T): T {
  return Object.setPrototypeOf(value, null);
}

function bareList(items: readonly object[]): object {
  return bare(
    Object.assign(
      Object.create(null),
      { length: items.length },
      items.map((item) => bare({ ...item })),
    ),
  );
}

/**
 * The realm's side, our own text: keeps the intrinsics that it needs before anything else runs, gives jco's script the few
 * globals that it uses, and stands at each crossing.
 */
export const PRELUDE = `(host, modules, imports, exports) => {
'use strict';
const { isArray } = Array;
const { keys, defineProperty, getPrototypeOf, create } = Object;
const { isView } = ArrayBuffer;
const { Promise, Error, String, Map } = globalThis;
const { apply } = Reflect;
const { asyncIterator, dispose } = Symbol;
const { then } = Promise.prototype;
const { Instance } = WebAssembly;
const tagOf = Object.getOwnPropertyDescriptor(getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag).get;
const arrays = create(null);
for (const name of ['Int8', 'Uint8', 'Int16', 'Uint16', 'Int32', 'Uint32', 'BigInt64', 'BigUint64', 'Float32', 'Float64']) {
  arrays[name + 'Array'] = globalThis[name + 'Array'];
}
const define = (object, key, value) =>
  defineProperty(object, key, { __proto__: null, value, writable: true, enumerable: true, configurable: true });

// From the host into the realm: a tree of plain values.
const copy = (value) => {
  if (typeof value === 'function') return value('kind') === 'stream' ? streamOf(value) : futureOf(value);
  if (typeof value !== 'object' || value === null) return value;
  if (isView(value)) return new arrays[apply(tagOf, value, [])](value);
  const list = isArray(value);
  const result = list ? [] : {};
  if (list) for (let i = 0; i < value.length; i++) define(result, i, copy(value[i]));
  else for (let i = 0, names = keys(value); i < names.length; i++) define(result, names[i], copy(value[names[i]]));
  return result;
};
// Items one by one, but numbers in their arrays: so jco tells a chunk from an item that is a list.
const streamOf = (feed) => {
  let items = [];
  let at = 0;
  const take = () => ({ done: false, value: items[at++] });
  return {
    [asyncIterator]() { return this; },
    next: () => at < items.length ? take() : new Promise((resolve) => {
      feed('next', (ending, chunk) => {
        if (ending === 'end') resolve({ done: true, value: undefined });
        else if (isView(chunk)) resolve({ done: false, value: copy(chunk) });
        else {
          items = copy(chunk);
          at = 0;
          resolve(take());
        }
      });
    }),
    return: () => { feed('drop'); },
  };
};
const futureOf = (feed) => new Promise((resolve) => {
  feed('next', (ending, value) => resolve(copy(value)));
});
const describe = (error) => {
  try {
    return String(typeof error === 'object' && error !== null && 'message' in error ? error.message : error);
  } catch {
    return 'an error that cannot be shown';
  }
};
const crash = (error) => host.crashed(describe(error));
const guarded = (task) => () => {
  try {
    const result = task();
    if (result instanceof Promise) apply(then, result, [undefined, crash]);
  } catch (error) {
    crash(error);
  }
};
const camel = (name) => {
  let result = '';
  for (let i = 0; i < name.length; i++) result += name[i] === '-' ? name[++i].toUpperCase() : name[i];
  return result;
};

// jco makes a text of the \`err\` that a function answers; a record may have a field that is called toString.
defineProperty(Object.prototype, Symbol.toPrimitive, { __proto__: null, value: () => 'an object' });
define(globalThis, 'setTimeout', (task, ms) => { host.later(guarded(task), +ms || 0); return 0; });
// jco polls for what comes next in a stream: soon at first, and then less often.
const polls = new Map();
let lastPoll = 0;
define(globalThis, 'setInterval', (task) => {
  const poll = ++lastPoll;
  let wait = 0;
  const again = () => {
    if (!polls.has(poll)) return;
    guarded(task)();
    if (wait < 10) wait += 1;
    if (polls.has(poll)) host.later(again, wait);
  };
  polls.set(poll, true);
  host.later(again, 0);
  return poll;
});
define(globalThis, 'clearInterval', (poll) => { polls.delete(poll); });
// jco asks whether a stream is one of these; ours are none.
define(globalThis, 'ReadableStream', class ReadableStream {});
define(globalThis, 'queueMicrotask', (task) => { apply(then, Promise.resolve(), [guarded(task), undefined]); });
// Asked for in what load/transpile.ts amends.
define(globalThis, 'taskFailed', (error) => { crash(error); });
define(globalThis, 'console', { debug() {}, log() {}, warn() {}, error() {} });
define(globalThis, 'TextDecoder', class TextDecoder {
  #encoding;
  constructor(encoding = 'utf-8') { this.#encoding = String(encoding); }
  decode(bytes) {
    const text = host.decode(bytes, this.#encoding);
    if (text === null) throw new Error('text that is not well-formed, or longer than a message may be');
    return text;
  }
});
define(globalThis, 'TextEncoder', class TextEncoder {
  encodeInto(text, into) { const written = host.encodeInto(text, into); return { read: text.length, written }; }
  encode(text) { const into = new arrays.Uint8Array(host.byteLength(text)); host.encodeInto(text, into); return into; }
});

const importOf = (index) => (...args) => new Promise((resolve, reject) => {
  host.importCalled(index, args, (ending, value) => {
    if (ending === 'ok') resolve(copy(value));
    else if (ending === 'err') { const error = new Error('err'); define(error, 'payload', copy(value)); reject(error); }
    else reject(new Error(value));
  });
});
const given = create(null);
for (let i = 0; i < imports.length; i++) {
  const { interface: owner, name } = imports[i];
  const at = owner === null ? name : owner.split('@')[0];
  given[at] ??= create(null);
  given[at][owner === null ? 'default' : camel(name)] = importOf(i);
}
const left = new Map();
const byName = new Map();
for (let i = 0; i < modules.length; i++) {
  byName.set(modules[i].name, modules[i].module);
  left.set(modules[i].module, modules[i].count);
}
const makeInstance = (module, values) => {
  const count = left.get(module) ?? 0;
  if (count === 0) throw new Error('a core module is instantiated more often than was announced');
  left.set(module, count - 1);
  const instance = new Instance(module, values);
  host.made(instance.exports);
  return instance;
};

return (instantiate) => {
  const made = instantiate((name) => byName.get(name), given, makeInstance);
  if (made instanceof Promise) throw new Error('it did not become ready at once');
  const functions = [];
  for (let i = 0; i < exports.length; i++) {
    const { interface: owner, name } = exports[i];
    functions[i] = (owner === null ? made : made[owner])[camel(name)];
  }
  const settling = (given, ended, settle) => {
    apply(then, new Promise((resolve) => resolve(given)), [ended, (error) => settle('failed', describe(error))]);
  };
  return {
    promise: Promise.prototype,
    read(stream, count, isTyped, settle) {
      try {
        settling(stream.read({ count }), ({ done, value }) => {
          if (done) settle('end', undefined);
          else settle('ok', isTyped || count > 1 ? value : [value]);
        }, settle);
      } catch (error) {
        settle('failed', describe(error));
      }
    },
    drop(stream) {
      try {
        stream[dispose]();
      } catch (error) {
        crash(error);
      }
    },
    await(future, settle) { settling(future, (value) => settle('ok', value), settle); },
    call(index, args, settle) {
      const { isResult } = exports[index];
      const failed = (error) => {
        const isErr = isResult && error instanceof Error && error.constructor.name === 'ComponentError';
        if (isErr) settle('err', error.payload);
        else settle('failed', describe(error));
      };
      try {
        const copies = [];
        for (let i = 0; i < args.length; i++) define(copies, i, copy(args[i]));
        const promise = new Promise((resolve) => resolve(apply(functions[index], undefined, copies)));
        apply(then, promise, [(value) => settle('ok', value), failed]);
      } catch (error) {
        failed(error);
      }
    },
  };
};
}`;
