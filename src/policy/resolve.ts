import type { Ceiling, TagDeclaration } from '../label/index.ts';
import type { Context } from './context.ts';
import { AUDIT_DEFAULTS } from './defaults.ts';
import { resolveHostLimits, withInterruptions } from './limits.ts';
import type { EntryPolicy, ForbidRule, LinkPolicy, Policy, ResourcePolicy } from './policy.ts';
import { ceilingOf, labelOf, resolveCompartments, resolveGate } from './resolve-compartment.ts';
import { resolveMeasurement } from './resolve-enclave.ts';
import type { Manifest } from './schema.ts';

type LinkEntry = NonNullable<Manifest['links']>[number];
type ResourceEntry = NonNullable<Manifest['resources']>[string];

/** What the manifest means: names resolved, defaults filled in, contradictions reported to the context. */
export function resolve(
  context: Context,
  { file, baseDir }: { file: string | null; baseDir: string },
): Omit<Policy, 'tree'> {
  const { manifest } = context;
  const tags = resolveTags(context);
  context.declareTags(tags.values());
  const resources = resolveResources(context);
  const entries = resolveCompartments(context);
  const links = resolveLinks(context);
  if (manifest.defaultLabel !== undefined) context.checkCarried(labelOf(manifest.defaultLabel), ['defaultLabel']);
  return {
    file,
    baseDir,
    principals: Object.keys(manifest.principals ?? {}),
    tags,
    compartments: withInterruptions(entries, links),
    links,
    resources,
    entries: resolveEntries(context),
    forbid: resolveForbid(context),
    audit: { path: manifest.audit?.path ?? AUDIT_DEFAULTS.path },
    attestation: { state: manifest.attestation?.state ?? null },
    limits: resolveHostLimits(manifest),
    defaultLabel: manifest.defaultLabel === undefined ? null : labelOf(manifest.defaultLabel),
  };
}

function resolveTags(context: Context): Map<string, TagDeclaration> {
  const tags = new Map<string, TagDeclaration>();
  for (const [name, { kind, owner, public: open }] of Object.entries(context.manifest.tags ?? {})) {
    const path = ['tags', name];
    if (!context.isDeclared('principals', owner)) {
      const advice = context.guess(owner, ['principals'], 'declare the owner under principals');
      context.report('MANIFEST_PRIVILEGE', [...path, 'owner'], `there is no principal '${owner}' — ${advice}`);
    }
    const right = kind === 'secrecy' ? 'declassify' : 'endorse';
    for (const [index, open1] of (open ?? []).entries()) {
      if (open1 === right) continue;
      context.report(
        'MANIFEST_CONFLICT',
        [...path, 'public', index],
        `'${open1}' means nothing for ${kind === 'secrecy' ? 'a secrecy' : 'an integrity'} tag — write '${right}'`,
      );
    }
    tags.set(name, {
      name,
      kind,
      owner,
      isFamily: name.endsWith(':*'),
      ...(open === undefined ? {} : { public: open }),
    });
  }
  return tags;
}

function resolveResources(context: Context): ReadonlyMap<string, ResourcePolicy> {
  const resources = new Map<string, ResourcePolicy>();
  for (const [name, entry] of Object.entries(context.manifest.resources ?? {})) {
    if (context.isDeclared('compartments', name)) {
      context.report(
        'MANIFEST_NAME',
        ['resources', name],
        'a compartment has this name — rename one of the two',
        'key',
      );
    }
    const resource = resolveResource(context, name, entry);
    if (resource !== null) resources.set(name, resource);
  }
  return resources;
}

function resolveResource(context: Context, name: string, entry: ResourceEntry): ResourcePolicy | null {
  const path = ['resources', name];
  const label = labelOf(entry.label);
  if (context.isDoubtful(path)) return null;
  if ((entry.function === undefined) === (entry.fs === undefined)) {
    const text =
      entry.fs === undefined
        ? 'says not what it is — add `function: true` or `fs: FOLDER`'
        : 'is two things — keep either function or fs';
    context.report('MANIFEST_CONFLICT', path, text, 'key');
    return null;
  }
  const isFolderNamed = [...label.secrecy, ...label.integrity].some((tag) => tag.includes('{'));
  if (entry.fs === undefined && isFolderNamed) {
    const text = "'{dir}' stands for a folder, and a function has none — name a member";
    for (const kind of ['secrecy', 'integrity'] as const) {
      const index = label[kind].findIndex((tag) => tag.includes('{'));
      if (index >= 0) context.report('MANIFEST_TAG_SYNTAX', [...path, 'label', kind, index], text);
    }
  } else context.checkCarried(withFolder(label, 'dir'), [...path, 'label']);
  if (entry.fs === undefined) {
    if (entry.mode !== undefined)
      context.report('MANIFEST_CONFLICT', [...path, 'mode'], 'a function has no mode — take it out', 'key');
    return { kind: 'function', name, label };
  }
  if (entry.label === undefined) {
    context.report(
      'MANIFEST_MISSING_KEY',
      [...path, 'label'],
      'missing — say what the files are: `label: {}` makes them public',
    );
  }
  return { kind: 'fs', name, root: entry.fs, label };
}

/** The label of the files in one folder. */
function withFolder({ secrecy, integrity }: Ceiling, folder: string): Ceiling {
  const fill = (tag: string): string => tag.replace('{dir}', folder);
  return { secrecy: secrecy.map(fill), integrity: integrity.map(fill) };
}

function resolveLinks(context: Context): LinkPolicy[] {
  const firstOf = new Map<string, number | null>();
  return (context.manifest.links ?? []).map((entry, index) => {
    const path = ['links', index];
    const line = context.lineOf(path);
    const key = `${entry.from} ${entry.import}`;
    if (firstOf.has(key)) {
      const where = firstOf.get(key) ?? null;
      context.report(
        'MANIFEST_CONFLICT',
        path,
        `import '${entry.import}' of '${entry.from}' is linked${where === null ? '' : ` on line ${where}`} already — keep one link`,
      );
    } else firstOf.set(key, line);
    return resolveLink(context, entry, index, line);
  });
}

function resolveLink(context: Context, entry: LinkEntry, index: number, line: number | null): LinkPolicy {
  const path = ['links', index];
  const { from, to, declassify, endorse, requires, budget } = entry;
  const isFromKnown = context.isDeclared('compartments', from);
  if (!isFromKnown) {
    const advice = context.guess(from, ['compartments'], 'declare it under compartments');
    context.report('MANIFEST_LINK_DANGLING', [...path, 'from'], `there is no compartment '${from}' — ${advice}`);
  }
  const toKind = context.isDeclared('resources', to) ? 'resource' : 'compartment';
  if (toKind === 'resource') checkResourceLink(context, entry, index);
  else if (!context.isDeclared('compartments', to)) {
    const advice = context.guess(to, ['compartments', 'resources'], 'declare it under compartments or resources');
    context.report(
      'MANIFEST_LINK_DANGLING',
      [...path, 'to'],
      `there is no compartment or resource '${to}' — ${advice}`,
    );
  }
  const isGate = [declassify, endorse, requires, budget].some((part) => part !== undefined);
  const gate =
    isGate && isFromKnown ? resolveGate(context, from, { declassify, endorse, requires, budget }, path) : null;
  return {
    from,
    import: entry.import,
    to,
    toKind,
    export: entry.export ?? null,
    gate,
    measurement: resolveMeasurement(context, entry, path),
    post: entry.post ?? false,
    line,
  };
}

function checkResourceLink(context: Context, { from, to, export: exported }: LinkEntry, index: number): void {
  const path = ['links', index];
  const { compartments, resources } = context.manifest;
  if (exported !== undefined)
    context.report('MANIFEST_CONFLICT', [...path, 'export'], 'a resource has no exports — take it out', 'key');
  if (resources?.[to]?.fs !== undefined) {
    context.report(
      'MANIFEST_UNSUPPORTED',
      [...path, 'to'],
      `guests cannot read files in this build — read '${to}' in host code, or offer a function resource`,
    );
    return;
  }
  if (compartments[from] === undefined || context.isDoubtful(['compartments', from, 'resources'])) return;
  if (compartments[from].resources?.includes(to) === true) return;
  context.report(
    'MANIFEST_LINK_DANGLING',
    [...path, 'to'],
    `'${from}' may not reach resource '${to}' — add it to compartments.${from}.resources`,
  );
}

function resolveEntries(context: Context): EntryPolicy[] | null {
  const { entries } = context.manifest;
  if (entries === undefined) return null;
  const seen = new Set<string>();
  return entries.map(({ call, upTo }, index) => {
    const path = ['entries', index];
    if (!context.isDeclared('compartments', call.compartment)) {
      const advice = context.guess(call.compartment, ['compartments'], 'declare it under compartments');
      context.report(
        'MANIFEST_REFERENCE',
        [...path, 'call'],
        `there is no compartment '${call.compartment}' — ${advice}`,
      );
    }
    const key = `${call.compartment} ${call.export}`;
    if (seen.has(key))
      context.report('MANIFEST_CONFLICT', [...path, 'call'], 'the entry stands in the list already — keep one');
    seen.add(key);
    if (upTo !== undefined) context.checkLabel(upTo, [...path, 'upTo']);
    return { ...call, upTo: upTo === undefined ? null : ceilingOf(upTo) };
  });
}

function resolveForbid(context: Context): ForbidRule[] {
  return (context.manifest.forbid ?? []).map((rule, index) => {
    const path = ['forbid', index];
    context.checkTag(rule.tag, 'secrecy', path);
    if (!context.isDeclared('resources', rule.resource)) {
      const advice = context.guess(rule.resource, ['resources'], 'declare it under resources');
      context.report('MANIFEST_REFERENCE', path, `there is no resource '${rule.resource}' — ${advice}`);
    }
    for (const name of rule.except) {
      if (context.isDeclared('compartments', name)) continue;
      const advice = context.guess(name, ['compartments'], 'declare it under compartments');
      context.report('MANIFEST_REFERENCE', path, `there is no compartment '${name}' — ${advice}`);
    }
    return { ...rule, line: context.lineOf(path) };
  });
}
