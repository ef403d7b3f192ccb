import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Part } from './guests.ts';
import type { Scene } from './scene.ts';

export type Kind = 'inline' | 'worker' | 'process';

export type Guest = Part | 'large';

/** Guests in a folder, with a manifest that loads them. */
export interface Stage {
  readonly folder: string;
  readonly cacheDir: string;
  readonly manifest: object;
}

/** One tag family, so that there are as many labels as a row wants; a link from the caller to the callee; a journal. */
export async function makeStage(
  scene: Scene,
  names: readonly Guest[],
  limits: { readonly instances?: number } = {},
  kinds: Readonly<Partial<Record<string, Kind>>> = {},
): Promise<Stage> {
  const { folder, cacheDir } = await makeFolder(scene, names);
  const clearance = { secrecy: ['member:*'] };
  const links = names.includes('caller') ? [{ from: 'caller', import: 'bench:guests/ops', to: 'callee' }] : [];
  const manifest = {
    version: 1,
    principals: { owner: {} },
    tags: { 'member:*': { kind: 'secrecy', owner: 'owner' } },
    compartments: Object.fromEntries(
      names.map((name) => [name, { wasm: `./${name}.wasm`, kind: kinds[name] ?? 'inline', clearance, limits }]),
    ),
    links,
    limits,
    audit: { path: './audit.db' },
  };
  return { folder, cacheDir, manifest };
}

/** A new folder with these guests in it, and a cache that all of them share. */
export async function makeFolder(scene: Scene, names: readonly Guest[]): Promise<Omit<Stage, 'manifest'>> {
  const folder = mkdtempSync(join(scene.folder, 'host-'));
  const cacheDir = join(scene.folder, 'cache');
  mkdirSync(cacheDir, { recursive: true, mode: 0o700 });
  for (const name of names) {
    const bytes = name === 'large' ? await scene.guests.large() : await scene.guests.component(name);
    writeFileSync(join(folder, `${name}.wasm`), bytes);
  }
  return { folder, cacheDir };
}
