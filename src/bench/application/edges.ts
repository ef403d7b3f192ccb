import { dirname, resolve } from 'node:path';
import { linksOf } from '../../host/links.ts';
import { loadManifest, type Policy } from '../../policy/index.ts';
import { standIns, worldsOf } from '../../suite/policy/attack-policy.ts';
import { fill } from '../../suite/policy/canary.ts';
import type { World } from '../../wasm/types.ts';

/** Crossings of this kind cost tens of nanoseconds: rows call.*.inline. */
export const FUSED = 'generated Wasm';

/** One way into a compartment: what the program or another compartment calls, and what it is called with. */
export interface ApplicationEdge {
  readonly edge: string;
  /** How it is crossed. */
  readonly crossing: string;
  /** Why its crossing is not generated Wasm; null if it is, or for the program's own calls. */
  readonly javaScript: string | null;
  /** Null where a function of the program serves it. */
  readonly to: { readonly compartment: string; readonly index: number; readonly target: string } | null;
  readonly args: readonly unknown[];
}

/** A manifest made harmless: its resources stand in for themselves and do nothing, and its journal is in memory. */
export interface Application {
  readonly policy: Policy;
  readonly manifest: object;
  readonly baseDir: string;
  readonly resources: ReturnType<typeof standIns>;
  readonly worlds: ReadonlyMap<string, World>;
  readonly edges: readonly ApplicationEdge[];
}

/** The least that says something. */
const SMALL = { text: 'a small text', number: 7 };

/** Throws what loading a manifest and its guests does. */
export async function readApplication(file: string): Promise<Application> {
  const policy = await loadManifest(file);
  const worlds = await worldsOf(policy, file);
  const resources = standIns(policy, worlds, () => undefined);
  const links = (await linksOf(policy)).map((link): ApplicationEdge => {
    const how = isPosted(policy, link.from, link.import) ? `${link.crossing}, posted` : link.crossing;
    const edge = `${link.from} -> ${link.to}: ${link.import}`;
    return { ...toExport(worlds, link.to, link.export), edge, crossing: how, javaScript: link.reason };
  });
  const entries = [...worlds].flatMap(([name, { exports }]) =>
    exports
      .filter(({ id, name: short }) => isEntry(policy, name, id, short))
      .map(({ id }): ApplicationEdge => {
        const edge = `program -> ${name}.${id}`;
        return { ...toExport(worlds, name, id), edge, crossing: 'by the program', javaScript: null };
      }),
  );
  const baseDir = dirname(resolve(file));
  return { policy, manifest: harmless(policy), baseDir, resources, worlds, edges: [...entries, ...links] };
}

function toExport(worlds: ReadonlyMap<string, World>, compartment: string, id: string | null) {
  const exports = worlds.get(compartment)?.exports ?? [];
  const index = exports.findIndex((each) => each.id === id);
  const params = exports[index]?.type.params ?? [];
  const args = params.map(({ type }) => fill(type, SMALL));
  return { to: index < 0 ? null : { compartment, index, target: `${compartment}.${id}` }, args };
}

function isEntry({ entries }: Policy, compartment: string, id: string, short: string): boolean {
  if (entries === null) return true;
  return entries.some((entry) => entry.compartment === compartment && [null, id, short].includes(entry.export));
}

function isPosted({ links }: Policy, from: string, imported: string): boolean {
  return links.some(
    (link) => link.from === from && link.post && [imported, imported.split('#')[0]].includes(link.import),
  );
}

type Tree = Readonly<Record<string, unknown>> & { readonly compartments: Record<string, Record<string, unknown>> };

/** Without what would end the measuring: entries, which shut links' exports off, and the budgets of gates. */
function harmless({ tree }: Policy): object {
  // A manifest that was parsed has this shape; the tree's own type is that of any document.
  const { audit: _audit, entries: _entries, ...rest } = tree as unknown as Tree;
  const compartments = Object.entries(rest.compartments).map(([name, { gates, ...compartment }]) => [
    name,
    gates === undefined ? compartment : { ...compartment, gates: withoutBudgets(gates as Record<string, object>) },
  ]);
  return { ...rest, compartments: Object.fromEntries(compartments) };
}

function withoutBudgets(gates: Record<string, { readonly budget?: unknown }>): object {
  return Object.fromEntries(Object.entries(gates).map(([name, { budget: _, ...gate }]) => [name, gate]));
}
