import { CofferdamError } from '../error.ts';
import type { Crossing } from './crossing.ts';
import { type Compartment, type Edge, HOST } from './edge.ts';
import type { Slot } from './instances.ts';

/*
 * Links and code change while messages wait and guests are inside calls. What counts is what is in force when a message
 * crosses, not what was when its sender began.
 */

type Compartments = ReadonlyMap<string, Compartment>;

/** A message that waited while its receiver was replaced gets the new code. Throws TARGET_UNKNOWN. */
export function asPresent(compartments: Compartments, crossing: Crossing): Crossing {
  const { edge } = crossing;
  const isPresent = edge.target.kind === 'resource' || edge.target.compartment === compartments.get(edge.to);
  return isPresent ? crossing : { ...crossing, edge: presentEdge(compartments, edge) };
}

/** What import number `index` of an instance leads to: an instance of replaced code finishes over the links of the new. */
export function importOf(compartments: Compartments, { compartment }: Slot, index: number): Edge | undefined {
  const edge = compartment.edges.imports[index];
  // What the host serves to one launch of an enclave is no other's.
  if (edge?.target.kind === 'resource' && edge.target.resource.label === null) return edge;
  const isPresent = compartments.get(compartment.name) === compartment;
  return edge && !isPresent ? presentEdge(compartments, edge) : edge;
}

/** The edge that stands for `edge` now. Throws TARGET_UNKNOWN where there is none any more. */
export function presentEdge(compartments: Compartments, edge: Edge): Edge {
  const candidates =
    edge.from === HOST
      ? (compartments.get(edge.to)?.edges.entries ?? []).flatMap((entry) => (entry ? [entry.call, entry.post] : []))
      : (compartments.get(edge.from)?.edges.imports ?? []);
  const isSame = ({ to, name, isPost }: Edge) => to === edge.to && name === edge.name && isPost === edge.isPost;
  const present = candidates.find(isSame);
  if (present) return present;
  throw new CofferdamError('TARGET_UNKNOWN', `Nothing leads from ${edge.from} to ${edge.to}: ${edge.name} any more.`);
}
