import type { Examination, Item } from './examine.ts';

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
    ...(isAsync ? ['# It has async functions.'] : []),
    ...linksNeeded(name, kind, imports),
    '',
  ].join('\n');
}

/** A guess at how a core module speaks, from what its exports are called. */
function abiOf({ exports }: Examination): 'core' | 'assemblyscript' | 'adapter' {
  const names = new Set(exports.map(({ name }) => name));
  if (names.has('__new') && names.has('__pin')) return 'assemblyscript';
  if (names.has('cabi_realloc') || names.has('_start') || names.has('_initialize')) return 'core';
  const takesOrGivesNothingElse = exports.every(({ name, type }) => name === 'memory' || !type.startsWith('(memory'));
  return takesOrGivesNothingElse && !names.has('memory') ? 'core' : 'adapter';
}

function linksNeeded(name: string, kind: Examination['kind'], imports: readonly Item[]): string[] {
  const needed = new Set(
    imports.flatMap((item) => {
      if (kind === 'component') return [item.name.split('#')[0] ?? item.name];
      return item.name.startsWith(`${WASI_MODULE}.`) || item.name.startsWith('env.abort') ? [] : [item.name];
    }),
  );
  if (needed.size === 0) return [];
  const shown = [...needed].slice(0, MAX_LINKS);
  return [
    '# It imports, so somebody must serve:',
    '# links:',
    ...shown.map((each) => `#   - { from: ${name}, import: ${JSON.stringify(each)}, to: … }`),
    ...(needed.size > shown.length ? [`#   and ${needed.size - shown.length} more`] : []),
  ];
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
