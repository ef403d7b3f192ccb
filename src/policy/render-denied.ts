import type { CheckReport } from './check-report.ts';

/** The denied arrows of a picture: from each node that is refused, to any node of what refuses it. */
export function deniedArrows({
  nodes,
  denied,
}: CheckReport): readonly { readonly from: string; readonly to: string }[] {
  const nodeOf = new Map<string, string>();
  for (const { name, id } of nodes) if (!nodeOf.has(name)) nodeOf.set(name, id);
  return denied.flatMap(({ from, to, labels }) =>
    labels.map((label) => ({ from: from === 'host' ? from : `${from}@${label}`, to: nodeOf.get(to) ?? to })),
  );
}
