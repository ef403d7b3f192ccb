import { readdir, readFile } from 'node:fs/promises';
import type { Metafile } from 'esbuild';

/** The licence texts of every package whose code is in the bundle. Throws when one of them has none. */
export async function thirdPartyLicenses({ outputs }: Metafile, root: URL): Promise<string> {
  const inputs = Object.values(outputs).flatMap((output) => Object.keys(output.inputs));
  const packages = new Set(inputs.flatMap((path) => packageOf(path) ?? []));
  const parts: string[] = [];
  for (const name of [...packages].sort()) parts.push(await licenseOf(name, new URL(`node_modules/${name}/`, root)));
  return `Cofferdam contains code of these packages.\n\n${parts.join('\n\n')}`;
}

/** `node_modules/@scope/name/file.js` is of `@scope/name`; the innermost when they are nested. */
function packageOf(path: string): string | null {
  const [, name] = /^(?:.*\/)?node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path) ?? [];
  return name ?? null;
}

async function licenseOf(name: string, folder: URL): Promise<string> {
  const manifest = JSON.parse(await readFile(new URL('package.json', folder), 'utf8')) as {
    version: string;
    license: string;
  };
  const file = (await readdir(folder)).find((entry) => /^licen[cs]e(\.|$)/i.test(entry));
  if (file === undefined) throw new Error(`${name} has no licence file`);
  const text = await readFile(new URL(file, folder), 'utf8');
  const rule = '='.repeat(100);
  return `${rule}\n${name} ${manifest.version} (${manifest.license})\n${rule}\n\n${text.trim()}\n`;
}
