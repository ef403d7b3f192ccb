import { type Ceiling, type LabelInput, type Privilege, Privileges } from '../label/index.ts';
import type { Context } from './context.ts';
import { COMPARTMENT_DEFAULTS } from './defaults.ts';
import { resolveLimits } from './limits.ts';
import type { CompartmentPolicy, GatePolicy, ModulePolicy, WitSource } from './policy.ts';
import { resolveEnclave } from './resolve-enclave.ts';
import { resolveRestart } from './restart.ts';
import type { Manifest } from './schema.ts';
import type { Path } from './source.ts';

type CompartmentEntry = Manifest['compartments'][string];
type GateEntry = NonNullable<CompartmentEntry['gates']>[string];

/** Four times the modules of the largest set that we know of. */
const MAX_MODULES = 256;

export function resolveCompartments(context: Context): ReadonlyMap<string, CompartmentPolicy> {
  const compartments = new Map<string, CompartmentPolicy>();
  for (const [name, entry] of Object.entries(context.manifest.compartments)) {
    compartments.set(name, resolveCompartment(context, name, entry));
  }
  return compartments;
}

function resolveCompartment(context: Context, name: string, entry: CompartmentEntry): CompartmentPolicy {
  const path = ['compartments', name];
  const { abi, wasi, clock, kind, busy } = COMPARTMENT_DEFAULTS;
  const base = labelOf(entry.label);
  const clearance = ceilingOf(entry.clearance);
  const isLabelRight = context.checkCarried(base, [...path, 'label']);
  const isClearanceRight = context.checkLabel(entry.clearance, [...path, 'clearance']);
  if (isLabelRight && isClearanceRight && !context.isDoubtful(path)) checkBase(context, base, clearance, path);
  checkSource(context, entry, path);
  checkCode(context, entry, path);
  return {
    name,
    wasm: entry.wasm ?? null,
    sha256: entry.sha256 ?? null,
    modules: modulesOf(entry.modules),
    sharedMemory: entry.sharedMemory ?? null,
    abi: entry.abi ?? abi,
    wit: witOf(entry.wit),
    adapter: entry.adapter ?? null,
    wasi: entry.wasi ?? wasi,
    clock: entry.clock ?? clock,
    base,
    clearance,
    grants: resolveGrants(context, entry.grants ?? [], [...path, 'grants']),
    gates: resolveGates(context, name, entry),
    resources: resolveUses(context, entry.resources ?? [], [...path, 'resources']),
    kind: entry.kind ?? kind,
    enclave: resolveEnclave(context, entry, path),
    ...resolveRestart(context, entry, path),
    busy: entry.busy ?? busy,
    snapshot: snapshotOf(entry.snapshot),
    limits: resolveLimits(context, entry.limits, [...path, 'limits']),
    isInterruptible: false, // until the links are known
  };
}

function snapshotOf(snapshot: CompartmentEntry['snapshot']): CompartmentPolicy['snapshot'] {
  if (snapshot === undefined || snapshot === false) return null;
  return { call: snapshot === true ? null : snapshot.call };
}

/** Base must lie within clearance: otherwise no request could ever make an instance. */
function checkBase(context: Context, base: LabelInput, clearance: Ceiling, path: Path): void {
  if (context.space.isWithin(context.space.label(base), clearance)) return;
  const text =
    'the base label lies outside the clearance — put its secrecy tags into clearance.secrecy, and what clearance.integrity demands into label.integrity';
  context.report('MANIFEST_LABEL', [...path, 'label'], text);
}

/** One file, or several modules that a core ABI can make one compartment of. */
function checkSource(context: Context, entry: CompartmentEntry, path: Path): void {
  const { wasm, modules, sha256, sharedMemory, abi = COMPARTMENT_DEFAULTS.abi } = entry;
  const refuse = (key: string, text: string) => context.report('MANIFEST_CONFLICT', [...path, key], text, 'key');
  if (['wasm', 'modules', 'abi'].some((key) => context.isDoubtful([...path, key]))) return;
  if (modules === undefined) {
    if (wasm === undefined) context.report('MANIFEST_MISSING_KEY', [...path, 'wasm'], 'missing — name the code');
    if (sharedMemory !== undefined) refuse('sharedMemory', 'one module shares no memory — take it out');
    return;
  }
  if (wasm !== undefined) refuse('modules', 'the code has one source — give either wasm or modules');
  if (sha256 !== undefined) refuse('sha256', 'each module has its own — write { wasm: …, sha256: … } there');
  if (abi !== 'core' && abi !== 'adapter') refuse('modules', "only abi 'core' and 'adapter' have several — set abi");
  const count = Object.keys(modules).length;
  if (count >= 1 && count <= MAX_MODULES) return;
  context.report('MANIFEST_VALUE', [...path, 'modules'], `has ${count} modules — write 1 to ${MAX_MODULES}`);
}

function modulesOf(modules: CompartmentEntry['modules']): CompartmentPolicy['modules'] {
  if (modules === undefined) return null;
  const entries = Object.entries(modules).map(([name, module]): [string, ModulePolicy] => [
    name,
    typeof module === 'string' ? { wasm: module, sha256: null } : { wasm: module.wasm, sha256: module.sha256 ?? null },
  ]);
  return new Map(entries);
}

/** `abi`, `wit` and `adapter` must agree: what would be ignored is refused. */
function checkCode(context: Context, entry: CompartmentEntry, path: Path): void {
  if (
    context.isDoubtful([...path, 'abi']) ||
    context.isDoubtful([...path, 'wit']) ||
    context.isDoubtful([...path, 'adapter'])
  )
    return;
  const abi = entry.abi ?? COMPARTMENT_DEFAULTS.abi;
  if (abi === 'component') {
    if (entry.wit !== undefined)
      context.report(
        'MANIFEST_CONFLICT',
        [...path, 'wit'],
        'a component brings its own types — take it out, or set abi',
        'key',
      );
  } else if (entry.wit === undefined) {
    context.report('MANIFEST_MISSING_KEY', [...path, 'wit'], `missing — abi '${abi}' needs the types: add a .wit file`);
  } else if (typeof entry.wit === 'object' && (entry.wit.text === undefined) === (entry.wit.path === undefined)) {
    context.report('MANIFEST_CONFLICT', [...path, 'wit'], 'the types have one source — give either text or path');
  }
  if (abi === 'adapter' && entry.adapter === undefined) {
    context.report(
      'MANIFEST_MISSING_KEY',
      [...path, 'adapter'],
      "missing — abi 'adapter' needs the path of the adapter",
    );
  } else if (abi !== 'adapter' && entry.adapter !== undefined) {
    context.report(
      'MANIFEST_CONFLICT',
      [...path, 'adapter'],
      "it would not be used — set abi to 'adapter', or take it out",
      'key',
    );
  }
}

function witOf(wit: CompartmentEntry['wit']): WitSource | null {
  if (wit === undefined) return null;
  if (typeof wit === 'string') return { text: null, path: wit, world: null };
  return { text: wit.text ?? null, path: wit.path ?? null, world: wit.world ?? null };
}

function resolveGrants(context: Context, grants: readonly Privilege[], path: Path): readonly Privilege[] {
  return grants.filter((grant, index) =>
    context.attempt([...path, index], grant.tag, () => context.space.assertPrivilege(grant)),
  );
}

function resolveUses(context: Context, uses: readonly string[], path: Path): readonly string[] {
  for (const [index, name] of uses.entries()) {
    if (context.isDeclared('resources', name)) continue;
    const advice = context.guess(name, ['resources'], 'declare it under resources');
    context.report('MANIFEST_REFERENCE', [...path, index], `there is no resource '${name}' — ${advice}`);
  }
  return uses;
}

function resolveGates(context: Context, name: string, entry: CompartmentEntry): ReadonlyMap<string, GatePolicy> {
  const gates = new Map<string, GatePolicy>();
  for (const [exported, gate] of Object.entries(entry.gates ?? {})) {
    gates.set(exported, resolveGate(context, name, gate, ['compartments', name, 'gates', exported]));
  }
  return gates;
}

/** A gate of an export of `holder`, or on a link from it: it releases with the privileges of `holder`. */
export function resolveGate(context: Context, holder: string, gate: GateEntry, path: Path): GatePolicy {
  const { declassify = [], endorse = [], requires, budget } = gate;
  context.checkTags(requires?.integrity, 'integrity', [...path, 'requires', 'integrity']);
  const isHolderKnown = !context.isDoubtful(['compartments', holder, 'grants']);
  const held = new Privileges(context.manifest.compartments[holder]?.grants ?? []);
  for (const [right, tags] of [
    ['declassify', declassify],
    ['endorse', endorse],
  ] as const) {
    const kind = right === 'declassify' ? 'secrecy' : 'integrity';
    for (const [index, tag] of tags.entries()) {
      const at = [...path, right, index];
      if (!context.checkTag(tag, kind, at) || !isHolderKnown) continue;
      if (held.has(right, tag) || context.space.isPublicRight(right, tag)) continue;
      const privilege = `${tag}${right === 'declassify' ? '-' : '+'}`;
      context.report(
        'MANIFEST_PRIVILEGE',
        at,
        `'${holder}' does not hold '${privilege}' — add it to compartments.${holder}.grants`,
      );
    }
  }
  const { calls = null, bytes = null } = budget ?? {};
  return { declassify, endorse, requires: requires?.integrity ?? [], budget: { calls, bytes } };
}

type LabelEntry = {
  readonly secrecy?: readonly string[] | undefined;
  readonly integrity?: readonly string[] | undefined;
};

export function labelOf(entry: LabelEntry | undefined): Ceiling {
  return { secrecy: entry?.secrecy ?? [], integrity: entry?.integrity ?? [] };
}

/** Absent means nothing secret, and no demand on integrity. */
export function ceilingOf(entry: LabelEntry | undefined): Ceiling {
  return labelOf(entry);
}
