import type { CompartmentPolicy, GatePolicy, LinkPolicy } from './policy.ts';

/** What the analysis wants to know of a compartment's types; `World` of wasm/ has this shape. */
export interface TypedWorld {
  readonly imports: readonly TypedFunction[];
  readonly exports: readonly TypedFunction[];
}

export interface TypedFunction {
  readonly interface: string | null;
  readonly name: string;
  /** `interface#name`, or `name` at world level. */
  readonly id: string;
}

export type Worlds = ReadonlyMap<string, TypedWorld>;

/** An export as a caller meets it. */
export interface Served {
  /** The key of its gate in the manifest; null when no gate is on it: all such exports are alike. */
  readonly name: string | null;
  readonly gate: GatePolicy | null;
}

const UNGATED: Served = { name: null, gate: null };

/** An export by its id. A gate is keyed by the id, or by the name alone. */
function servedBy({ gates }: CompartmentPolicy, id: string): Served {
  for (const name of [id, id.slice(id.lastIndexOf('#') + 1)]) {
    const gate = gates.get(name);
    if (gate !== undefined) return { name, gate };
  }
  return UNGATED;
}

/** What the host may call there. Without types: every export that has a gate, and one that has none. */
export function servedToHost(
  compartment: CompartmentPolicy,
  only: string | null,
  world: TypedWorld | undefined,
): readonly Served[] {
  if (only !== null) return [servedBy(compartment, only)];
  if (world === undefined) return [UNGATED, ...[...compartment.gates].map(([name, gate]) => ({ name, gate }))];
  return merge(world.exports.map(({ id }) => servedBy(compartment, id)));
}

/** What may serve a link. With types of both ends: exactly that. Without: every export that its words could mean. */
export function servedToLink(link: LinkPolicy, callee: CompartmentPolicy, worlds: Worlds): readonly Served[] {
  const [from, to] = [worlds.get(link.from), worlds.get(link.to)];
  const wanted = link.export ?? link.import;
  if (from !== undefined && to !== undefined) {
    const imports = from.imports.filter(({ id, interface: owner }) => id === link.import || owner === link.import);
    return merge(imports.flatMap((imported) => exportFor(to, link, imported)).map((id) => servedBy(callee, id)));
  }
  if (wanted.includes('#')) return [servedBy(callee, wanted)];
  const gated = [...callee.gates].filter(
    ([key]) => key === wanted || key.startsWith(`${wanted}#`) || (isInterface(link.import) && !key.includes('#')),
  );
  return [UNGATED, ...gated.map(([name, gate]) => ({ name, gate }))];
}

/** As the links are made: the export named like the import, in the interface that the link names. */
function exportFor(to: TypedWorld, link: LinkPolicy, imported: TypedFunction): readonly string[] {
  const wanted = link.export ?? link.import;
  const candidates = [
    wanted === imported.interface ? imported.id : `${wanted}#${imported.name}`,
    wanted,
    imported.name,
  ];
  const found = candidates.find((id) => to.exports.some((served) => served.id === id));
  return found === undefined ? [] : [found];
}

/** `desk:text/classify` can only be an interface; `classify` is a function, or an interface without a package. */
function isInterface(name: string): boolean {
  return name.includes(':') || name.includes('/');
}

/** All exports without a gate are alike. */
function merge(served: readonly Served[]): readonly Served[] {
  return [
    ...(served.some(({ gate }) => gate === null) ? [UNGATED] : []),
    ...served.filter(({ gate }) => gate !== null),
  ];
}
