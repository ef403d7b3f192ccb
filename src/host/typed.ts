import { CofferdamError } from '../error.ts';
import type { World } from '../wasm/types.ts';
import type { CallOptions } from './held.ts';
import type { Host } from './host.ts';
import { type Method, surfaceOf } from './surface.ts';

/**
 * The exports of a compartment as methods: `(…args, options?) => Promise<Reply>`. `cofferdam types` writes their types.
 * Plain objects without a prototype: a guest may name an export as it likes, and it is a method and nothing else.
 */
export function typedCompartment(host: Pick<Host, 'call'>, name: string, world: World): object {
  const { methods, groups } = surfaceOf(world);
  const entriesOf = (list: readonly Method[]) =>
    list.map((method): [string, unknown] => [method.name, makeMethod(host, `${name}.${method.func.id}`, method)]);
  return bare([
    ...entriesOf(methods),
    ...[...groups].map(([id, group]): [string, unknown] => [id, bare(entriesOf(group))]),
  ]);
}

function makeMethod(host: Pick<Host, 'call'>, target: string, { name, func }: Method) {
  const count = func.type.params.length;
  return async (...args: readonly unknown[]) => {
    if (args.length > count + 1) {
      throw new CofferdamError(
        'ARGUMENT_COUNT',
        `${name} takes ${count} arguments and then the options of the call, not ${args.length} in all.`,
        { details: { target, wanted: count, given: args.length } },
      );
    }
    return await host.call(target, args.slice(0, count), (args[count] ?? {}) as CallOptions);
  };
}

/** A frozen object without a prototype. */
function bare(entries: readonly (readonly [string, unknown])[]): object {
  const object: Record<string, unknown> = Object.create(null);
  for (const [key, value] of entries) object[key] = value;
  return Object.freeze(object);
}
