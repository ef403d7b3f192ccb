import type { Examination, Item } from './examine.ts';
import type { Abi } from './reference.ts';

const WASI_MODULE = 'wasi_snapshot_preview1';
const MAX_LINKS = 50;

/**
 * The least YAML that runs a module: an entry for `compartments:`, and in comments what it needs besides. `file` is
 * written as `wasm:`. The examination's texts must be bounded and of one line (as `inspectFile` makes them).
 */
export function manifestEntry(file: string, sha256: string, examination: Examination): string {
  const name = nameOf(file);
  const { kind, imports, isAsync } = examination;
  const abi = kind === 'component' ? 'component' : abiOf(examination);
  const usesWasi = kind === 'core' && imports.some((item) => item.name.startsWith(`${WASI_MODULE}.`));
  return [
    'compartments:',
    `  ${name}:`,
    `    wasm: ${JSON.stringify(file)}`,
    `    sha256: ${sha256}`,
    `    abi: ${abi}`,
    ...(abi === 'component' ? [] : ['    wit: ./world.wit                # the types of its imports and exports']),
    ...(abi === 'adapter' ? ['    adapter: ./adapter.ts           # speaks its protocol'] : []),
    ...(usesWasi ? ['    wasi: minimal                   # output as events, coarse clock, random, exit'] : []),
    '    clearance: { secrecy: [] }      # what it may be given',
    ...(isAsync ? ['# It has async functions: jco runs it.'] : []),
    ...linksNeeded(name, abi, imports),
    '',
  ].join('\n');
}

/** A guess at how a core module speaks, from what its exports are called. */
function abiOf({ exports }: Examination): Abi {
  const names = new Set(exports.map(({ name }) => name));
  if (names.has('__new') && names.has('__pin')) return 'assemblyscript';
  if (names.has('cabi_realloc') || names.has('_start') || names.has('_initialize')) return 'core';
  // It shows its memory and has no allocator that we know: text and lists go through a protocol of its own.
  return exports.some(({ type }) => type.startsWith('(memory')) ? 'adapter' : 'core';
}

/** What must serve its imports, as comments. */
function linksNeeded(name: string, abi: Abi, imports: readonly Item[]): string[] {
  const needed = [...new Set(imports.flatMap((item) => linkImport(abi, item.name)))];
  if (needed.length === 0) return [];
  const shown = needed.slice(0, MAX_LINKS);
  const rest = needed.length > shown.length ? [`#   … and ${needed.length - shown.length} more`] : [];
  if (abi === 'adapter') {
    return [
      '# It imports, so the adapter must serve:',
      ...shown.map((each) => `#   - ${JSON.stringify(each)}`),
      ...rest,
    ];
  }
  const links = shown.map((each) => `#   - { from: ${name}, import: ${JSON.stringify(each)}, to: … }`);
  return ['# It imports, so somebody must serve:', '# links:', ...links, ...rest];
}

/** An import as a link names it: a whole interface, or a function at world level; none for what the runtime serves. */
function linkImport(abi: Abi, name: string): string[] {
  if (abi === 'component') return [name.split('#')[0] ?? name];
  if (name.startsWith(`${WASI_MODULE}.`)) return [];
  if (abi === 'adapter') return [name];
  if (abi === 'assemblyscript' && name.startsWith('env.')) return [];
  // Versions have dots too; the last one is between the interface and its function.
  if (/^[^.]*:/.test(name)) return [name.slice(0, name.lastIndexOf('.'))];
  return [name.startsWith('$root.') ? name.slice('$root.'.length) : name];
}

/** A compartment's name from a file's: lower-case words joined by hyphens. */
function nameOf(file: string): string {
  const base = file.split('/').at(-1) ?? '';
  const words = base
    .replace(/\.wasm$/, '')
    .replace(/\.component$/, '')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '');
  const name = words.join('-').slice(0, 64).replace(/-$/, '');
  return /^[a-z]/.test(name) && name !== 'host' ? name : `guest-${name}`.replace(/-$/, '');
}
