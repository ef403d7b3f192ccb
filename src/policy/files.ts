import { statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Policy } from './policy.ts';
import { type Problems, quoted } from './problems.ts';
import type { Path } from './source.ts';

/** Reports every file and folder that the policy names and that is not there. Reads no contents. */
export function checkFiles(policy: Policy, problems: Problems): void {
  const check = (text: string, path: Path, kind: 'file' | 'folder'): void => {
    if (candidates(policy.baseDir, text).some((file) => isThere(file, kind))) return;
    const advice = text.startsWith('npm:') ? 'install the package' : `paths start from ${quoted(policy.baseDir)}`;
    problems.add('MANIFEST_FILE_MISSING', path, `there is no ${kind} ${quoted(text)} — ${advice}`);
  };
  for (const { name, wasm, modules, wit, adapter } of policy.compartments.values()) {
    const path = ['compartments', name];
    if (wasm !== null) check(wasm, [...path, 'wasm'], 'file');
    for (const [key, module] of modules ?? []) check(module.wasm, [...path, 'modules', key], 'file');
    if (wit !== null && wit.path !== null) check(wit.path, [...path, 'wit'], 'file');
    if (adapter !== null) check(adapter, [...path, 'adapter'], 'file');
  }
  for (const resource of policy.resources.values()) {
    if (resource.kind === 'fs') check(resource.root, ['resources', resource.name, 'fs'], 'folder');
  }
}

/** Where it may be: `npm:` in the `node_modules` of the folder and of every folder above, as Node looks for packages. */
function candidates(baseDir: string, text: string): string[] {
  if (!text.startsWith('npm:')) return [resolve(baseDir, text)];
  const found: string[] = [];
  for (let folder = resolve(baseDir); ; folder = dirname(folder)) {
    found.push(resolve(folder, 'node_modules', text.slice('npm:'.length)));
    if (dirname(folder) === folder) return found;
  }
}

function isThere(file: string, kind: 'file' | 'folder'): boolean {
  try {
    const stat = statSync(file);
    return kind === 'file' ? stat.isFile() : stat.isDirectory();
  } catch {
    // Absent, unreadable, a loop of links, a name that is too long: to the manifest it is all the same, and it is reported.
    return false;
  }
}
