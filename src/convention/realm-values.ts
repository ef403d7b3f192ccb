import { NUMBER_ARRAYS } from '../abi/typed-lists.ts';

/** A stream or a future of a realm, in the place where it stood among its values. */
export class RealmHandle {
  readonly object: object;

  constructor(object: object) {
    this.object = object;
  }
}

/** A tree of plain values of a realm, as ours. Its types are checked afterwards. */
export function fromRealmValue(value: unknown): unknown {
  if (typeof value === 'function') return undefined;
  if (typeof value !== 'object' || value === null) return value;
  if (ArrayBuffer.isView(value)) return fromRealmView(value);
  if (Array.isArray(value)) return Array.from({ length: value.length }, (_, i) => fromRealmValue(value[i]));
  if (isHandle(value)) return new RealmHandle(value);
  return Object.fromEntries(
    Object.keys(value).map((key) => [key, fromRealmValue((value as Record<string, unknown>)[key])]),
  );
}

/** What guests give is plain: functions are on jco's own objects alone. */
function isHandle(value: object): boolean {
  const { then, [Symbol.asyncIterator]: iterate } = value as { then?: unknown; [Symbol.asyncIterator]?: unknown };
  return typeof then === 'function' || typeof iterate === 'function';
}

function fromRealmView(view: ArrayBufferView): unknown {
  const tag = Object.prototype.toString.call(view).slice(8, -1);
  const Ours = Object.values(NUMBER_ARRAYS).find(({ name }) => name === tag);
  return Ours === undefined ? undefined : new (Ours as Uint8ArrayConstructor)(view as Uint8Array);
}
