import { camelCase } from '../abi/names.ts';
import type { World, WorldFunction } from '../wasm/types.ts';

/** An export as a method of the object that `host.compartment(name)` gives. */
export interface Method {
  /** `classify`, `connectionSend`. */
  readonly name: string;
  readonly func: WorldFunction;
}

/** Which methods a compartment has, and where: what the object and its declarations are both made from. */
interface Surface {
  /** Exports whose method name no other export has. */
  readonly methods: readonly Method[];
  /** The others, by interface: `desk['desk:text/classify'].classify`. */
  readonly groups: ReadonlyMap<string, readonly Method[]>;
}

/** Hooks by which JavaScript calls an object's methods unasked: `await` and conversions to a string or number. */
const HOOKS: ReadonlySet<string> = new Set(['then', 'toString', 'valueOf', 'toJSON']);

export function surfaceOf({ exports }: World): Surface {
  const all = exports.map((func): Method => ({ name: methodName(func.name), func }));
  const counts = new Map<string, number>();
  for (const { name } of all) counts.set(name, (counts.get(name) ?? 0) + 1);
  const methods: Method[] = [];
  const groups = new Map<string, Method[]>();
  for (const method of all) {
    const { func, name } = method;
    if (func.interface === null || counts.get(name) === 1) {
      methods.push(method);
      continue;
    }
    const group = groups.get(func.interface);
    if (group) group.push(method);
    else groups.set(func.interface, [method]);
  }
  return { methods, groups };
}

/** `is-spam` is `isSpam`, `[method]connection.send` is `connectionSend`, `[constructor]connection` is `connectionNew`. */
function methodName(name: string): string {
  const [, kind, rest = ''] = /^\[([a-z]+)\](.*)$/s.exec(name) ?? [];
  const words = kind === undefined ? name : kind === 'constructor' ? `${rest}-new` : rest.replace('.', '-');
  const method = camelCase(words);
  return HOOKS.has(method) ? `${method}_` : method;
}
