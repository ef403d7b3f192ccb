import { type Sizer, sizerOf } from '../abi/index.ts';
import type { Reply } from '../broker/crossing.ts';
import type { Edge, Entry } from '../broker/edge.ts';
import { isNamed, type Wiring } from '../broker/wiring.ts';
import { conformArguments } from '../convention/conform.ts';
import { CofferdamError } from '../error.ts';
import type { Label, LabelSpace } from '../label/index.ts';

/**
 * `compartment.export` to its edges. The export may be written in full (`desk:text/classify#classify`) or by its last
 * name where only one export has it. Throws TARGET_UNKNOWN, TARGET_AMBIGUOUS, ENTRY_DENIED.
 */
export function resolveEntry(wiring: Wiring, target: string): Entry {
  const dot = target.indexOf('.');
  const name = dot < 0 ? target : target.slice(0, dot);
  const key = dot < 0 ? name : target.slice(dot + 1);
  const compartment = wiring.compartments.get(name);
  if (!compartment) throw unknownCompartment(wiring, name);
  const { exports } = compartment.code.world;
  const exact = exports.findIndex(({ id }) => id === key);
  const found = exact >= 0 ? [exact] : exports.flatMap(({ id }, index) => (isNamed(id, key) ? [index] : []));
  const [index] = found;
  const func = index === undefined ? undefined : exports[index];
  if (index === undefined || func === undefined || found.length > 1) {
    const [code, what] =
      found.length > 1
        ? (['TARGET_AMBIGUOUS', 'more than one export'] as const)
        : (['TARGET_UNKNOWN', 'no export'] as const);
    throw new CofferdamError(
      code,
      `${name} has ${what} ${key}. Its exports: ${exports.map(({ id }) => id).join(', ')}.`,
      {
        details: { target },
      },
    );
  }
  const entry = compartment.edges.entries[index];
  if (!entry) {
    throw new CofferdamError(
      'ENTRY_DENIED',
      `${target} is not among the manifest's entries. Add { call: ${target} }.`,
      {
        details: { target },
      },
    );
  }
  return entry;
}

/** Throws ARGUMENT_COUNT. */
export function assertCount({ type }: Edge, args: readonly unknown[], target: string): void {
  const wanted = type.params.length;
  if (args.length === wanted) return;
  const names = type.params.map((param) => param.name).join(', ');
  throw new CofferdamError('ARGUMENT_COUNT', `${target} takes ${wanted} arguments (${names}), not ${args.length}.`, {
    details: { target, wanted, given: args.length },
  });
}

/** `entries` bounds the labels that host code uses, and `check` relies on it. Throws ENTRY_DENIED. */
export function assertUpTo(space: LabelSpace, { upTo }: Entry, request: Label, target: string): void {
  if (isUpTo(space, upTo, request)) return;
  throw new CofferdamError(
    'ENTRY_DENIED',
    `${space.format(request)} is above what the manifest's entries let ${target} be given. Raise its \`upTo\`.`,
    { details: { target, label: request } },
  );
}

export function isUpTo(space: LabelSpace, upTo: Entry['upTo'], request: Label): boolean {
  return upTo === null || upTo.some((ceiling) => space.isWithin(request, ceiling));
}

/** jco's convention at the program's surface: `ok` is the value, `err` is thrown. */
export function unwrapResult({ type, to, name }: Edge, { value, label }: Pick<Reply, 'value' | 'label'>): unknown {
  if (type.result?.kind !== 'result') return value;
  const { tag, val } = value as { tag: 'ok' | 'err'; val: unknown };
  if (tag === 'ok') return val;
  throw new CofferdamError('GUEST_ERROR', `${to}.${name} answered with an error; it is in details.payload.`, {
    details: { payload: val, label },
  });
}

/** Bytes that the arguments carry. Throws ARGUMENT_TYPE where one does not fit its type so badly that it has no size. */
export function sizeOfArguments(
  edge: Edge,
  args: readonly unknown[],
  target: string,
  sizer: Sizer = sizerOf(edge.type),
): number {
  const { type } = edge;
  try {
    const bytes = sizer.params(args);
    if (Number.isSafeInteger(bytes)) return bytes;
  } catch {
    // Below it is said what does not fit.
  }
  conformArguments(type, args, target, maxBytesOf(edge));
  throw new CofferdamError('ARGUMENT_TYPE', `The arguments of ${target} have no size. Pass plain values of its types.`);
}

export function maxBytesOf({ target }: Pick<Edge, 'target'>): number {
  return target.kind === 'export' ? target.compartment.policy.limits.messageBytes : 0;
}

export function unknownCompartment(wiring: Wiring, name: string): CofferdamError {
  const known = [...wiring.compartments.keys()].join(', ');
  return new CofferdamError('TARGET_UNKNOWN', `There is no compartment ${name}. There are: ${known}.`, {
    details: { target: name },
  });
}
