import { randomBytes, randomInt } from 'node:crypto';
import { dirname, resolve } from 'node:path';
import { camelCase } from '../../abi/names.ts';
import { isCofferdamError } from '../../error.ts';
import { loadCode } from '../../host/code.ts';
import { createHostWith } from '../../host/create.ts';
import type { Host } from '../../host/host.ts';
import type { LabelInput } from '../../label/index.ts';
import { analyse, formatWay, loadManifest, type Policy, why } from '../../policy/index.ts';
import type { World } from '../../wasm/types.ts';
import type { Kind } from '../case.ts';
import { type Canary, fill, holds } from './canary.ts';
import { makeHostileCode, type Orders } from './hostile-code.ts';
import { asDeclared, onKind, type Stayed } from './on-kind.ts';

/**
 * `leak`: the tag's data arrived where no way of the analysis leads. `gate`: it arrived by a gate that the manifest
 * declares, named in `way`. `labelled`: the resource carries the tag. `stopped`: it did not arrive, though the attacker had
 * it. `unreached`: nobody gave it to the attacker, and it did not arrive.
 */
export type Arrival = 'leak' | 'gate' | 'labelled' | 'stopped' | 'unreached';

export interface Finding {
  /** Of all compartments; null: as the manifest declares each. */
  readonly kind: Kind | null;
  /** The compartment whose code was replaced by a hostile twin. */
  readonly hostile: string;
  readonly tag: string;
  readonly resource: string;
  readonly arrival: Arrival;
  /** How the manifest lets it through, or what arrived where nothing should. */
  readonly detail: string;
}

/**
 * Attacks a manifest: each compartment in turn is replaced by a hostile twin with the same imports and exports, the
 * program gives every entry data of every secrecy tag, and every resource is watched. Resources are stand-ins that keep
 * what they get; the journal is kept in memory.
 */
export async function attackPolicy(
  file: string,
  { kinds = [null], onProgress = () => undefined }: AttackOptions = {},
): Promise<PolicyReport> {
  const policy = await loadManifest(file);
  const worlds = await worldsOf(policy, file);
  const names = [...policy.compartments.keys()];
  const findings: Finding[] = [];
  const stayed: Stayed[] = [];
  for (const kind of kinds) {
    const unheard = standIns(policy, worlds, () => undefined);
    const changed = kind === null ? asDeclared(policy) : await onKind(policy, kind, file, unheard);
    stayed.push(...changed.stayed);
    for (const hostile of names) {
      onProgress(`${hostile}${kind === null ? '' : ` (${kind})`}`, findings.length);
      const target = { policy, manifest: changed.manifest, file, worlds };
      for (const found of await attackAs(hostile, target)) findings.push({ ...found, kind });
    }
  }
  return { findings, stayed };
}

export interface AttackOptions {
  /** Each is tried; null: as the manifest declares them. */
  readonly kinds?: readonly (Kind | null)[];
  readonly onProgress?: (hostile: string, attempts: number) => void;
}

export interface PolicyReport {
  readonly findings: readonly Finding[];
  readonly stayed: readonly Stayed[];
}

interface Target {
  readonly policy: Policy;
  /** What is run: the policy's, perhaps on another kind. */
  readonly manifest: object;
  readonly file: string;
  readonly worlds: ReadonlyMap<string, World>;
}

/** What a resource got while the attack went on. */
interface Seen {
  readonly resource: string;
  readonly canary: Canary;
}

async function attackAs(hostile: string, target: Target): Promise<readonly Omit<Finding, 'kind'>[]> {
  const { policy, worlds } = target;
  const tags = [...policy.tags].filter(([, { kind }]) => kind === 'secrecy').map(([tag]) => tag);
  const canaryOf = new Map(tags.map((tag) => [tag, makeCanary()]));
  const held = new Set<Canary>();
  const seen: Seen[] = [];
  const orders: Orders = { canaries: [...canaryOf.values()], turn: 0, onLoot: (canary) => held.add(canary) };
  const note = (resource: string, args: readonly unknown[]) => {
    for (const canary of orders.canaries) if (holds(args, canary)) seen.push({ resource, canary });
  };
  await using host = await makeHost(target, note, async (compartment, env) => {
    const code = await loadCode(compartment, env);
    return compartment.name === hostile ? makeHostileCode(code, orders) : code;
  });
  const program = { host, policy, worlds };
  const imports = worlds.get(hostile)?.imports.length ?? 0;
  for (orders.turn = 0; orders.turn < Math.max(1, imports); orders.turn += 1) {
    for (const [tag, canary] of canaryOf) await spread(program, labelOf(program, memberOf(tag)), canary);
    // Now without any secret: what a twin kept must not come out where it could not go in.
    await spread(program, labelOf(program, null), { text: 'weather', number: 7 });
    await host.drained();
  }
  const analysis = analyse(policy, worlds);
  return tags.flatMap((tag) =>
    [...policy.resources.values()]
      .filter(({ kind }) => kind === 'function')
      .map(({ name: resource, label }): Omit<Finding, 'kind'> => {
        const canary = canaryOf.get(tag);
        const arrived = seen.some((each) => each.resource === resource && each.canary === canary);
        const found = { hostile, tag, resource };
        if (!arrived) return { ...found, arrival: canary && held.has(canary) ? 'stopped' : 'unreached', detail: '' };
        if ('secrecy' in label && (label.secrecy ?? []).includes(memberOf(tag))) {
          return { ...found, arrival: 'labelled', detail: `${resource} carries the tag` };
        }
        const [way] = why(analysis, tag, resource);
        return way
          ? { ...found, arrival: 'gate', detail: formatWay(way) }
          : {
              ...found,
              arrival: 'leak',
              detail: `${tag} arrived at ${resource}, and no way of the manifest leads there`,
            };
      }),
  );
}

interface Program {
  readonly host: Host;
  readonly policy: Policy;
  readonly worlds: ReadonlyMap<string, World>;
}

/**
 * What a program does that trusts labels and nothing else: gives the canary to every entry, and what comes back to every
 * entry again, at the label that it came back with.
 */
async function spread(program: Program, label: LabelInput, canary: Canary): Promise<void> {
  const labels = new Map([[program.host.format(label), label]]);
  for (const next of labels.values()) {
    if (labels.size > MAX_LABELS) return;
    for (const back of await callAll(program, next, canary)) labels.set(program.host.format(back), back);
  }
}

const MAX_LABELS = 64;

/** Calls every entry, whatever becomes of it; the labels of replies with the canary in them. */
async function callAll({ host, worlds }: Program, label: LabelInput, canary: Canary): Promise<readonly LabelInput[]> {
  const labels: LabelInput[] = [];
  for (const [name, { exports }] of worlds) {
    for (const { id, type } of exports) {
      const args = type.params.map((param) => fill(param.type, canary));
      const reply = await host.call(`${name}.${id}`, args, { label }).catch((error: unknown) => {
        if (!isCofferdamError(error)) throw error;
        return null;
      });
      if (reply && holds(reply.value, canary)) labels.push(reply.label);
    }
  }
  return labels;
}

/** At one secrecy tag, or none; vouched for by everybody, so that no floor is in the way. */
function labelOf({ policy }: Program, tag: string | null): LabelInput {
  const integrity = [...policy.tags].filter(([name, { kind }]) => kind === 'integrity' && !name.endsWith(':*'));
  return { secrecy: tag === null ? [] : [tag], integrity: integrity.map(([name]) => name) };
}

type Note = (resource: string, args: readonly unknown[]) => void;

async function makeHost({ policy, manifest, file, worlds }: Target, note: Note, load: typeof loadCode): Promise<Host> {
  return createHostWith(manifest, { baseDir: dirname(resolve(file)), resources: standIns(policy, worlds, note) }, load);
}

/** For each function resource, an object with all functions that links want of it. */
export function standIns({ resources, links }: Policy, worlds: ReadonlyMap<string, World>, note: Note) {
  const offered: Record<string, Record<string, (...args: unknown[]) => unknown>> = Object.create(null);
  for (const { name, kind } of resources.values()) if (kind === 'function') offered[name] = Object.create(null);
  for (const link of links) {
    const offer = offered[link.to];
    if (offer === undefined) continue;
    for (const { id, interface: owner, name, type } of worlds.get(link.from)?.imports ?? []) {
      if (id !== link.import && owner !== link.import) continue;
      offer[camelCase(name)] = (...args) => {
        note(link.to, args.slice(0, type.params.length));
        return answerOf(type.result);
      };
    }
  }
  return offered;
}

/** A program's function returns what is in the `ok` of a result. */
function answerOf(result: World['imports'][number]['type']['result']): unknown {
  if (result === null) return undefined;
  const inner = result.kind === 'result' ? result.ok : result;
  return inner === null ? undefined : fill(inner, { text: 'sunny', number: 3 });
}

/** The types come from a host of the manifest as it is. */
export async function worldsOf(policy: Policy, file: string): Promise<ReadonlyMap<string, World>> {
  const { makeLoader } = await import('../../load/index.ts');
  await using loader = await makeLoader({ baseDir: dirname(resolve(file)) });
  const worlds = new Map<string, World>();
  for (const [name, compartment] of policy.compartments) worlds.set(name, (await loader.load(compartment)).world);
  return worlds;
}

/** A member of a family that no manifest names. */
function memberOf(tag: string): string {
  return tag.endsWith(':*') ? `${tag.slice(0, -1)}canary` : tag;
}

function makeCanary(): Canary {
  return { text: `canary-${randomBytes(12).toString('hex')}`, number: randomInt(2 ** 30, 2 ** 31) | 1 };
}
