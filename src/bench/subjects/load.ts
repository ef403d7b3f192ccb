import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeStage } from '../bench-host.ts';
import { numberOf } from '../child.ts';
import type { JcoVersion } from '../jco.ts';
import type { MakeSubject } from '../row.ts';
import type { Scene } from '../scene.ts';

const ONE = [1, 1] as const;

/** In a process of its own, with an empty cache: a worker decodes, wasm-tools is asked as well unless `own`. */
export function loadCold(opinion: 'both' | 'own'): MakeSubject {
  return async (scene) => {
    const { folder } = await makeStage(scene, ['large']);
    const { loadOnce } = await scene.programs();
    let cacheDir = '';
    return {
      before: () => {
        cacheDir = mkdtempSync(join(scene.folder, 'empty-'));
      },
      run: () => numberOf([loadOnce, folder, cacheDir, opinion]),
      counts: ONE,
    };
  };
}

/** In a process of its own, after another has loaded the same. */
export const loadCached: MakeSubject = async (scene) => {
  const { folder, cacheDir } = await makeStage(scene, ['large']);
  const { loadOnce } = await scene.programs();
  await numberOf([loadOnce, folder, cacheDir, 'both']);
  return { run: () => numberOf([loadOnce, folder, cacheDir, 'both']), counts: ONE };
};

export function jcoLoadCold(version: JcoVersion): MakeSubject {
  return async (scene) => {
    const file = await largeFile(scene);
    await scene.jco(version); // says whether it is installed
    const { loadJco } = await scene.programs();
    const { folder } = scene.peers;
    return {
      run: () => numberOf([loadJco, 'cold', version, file, folder, mkdtempSync(join(scene.folder, 'jco-'))]),
      counts: ONE,
    };
  };
}

/** What jco wrote is the cache. */
export function jcoLoadCached(version: JcoVersion): MakeSubject {
  return async (scene) => {
    const { file } = await (await scene.jco(version)).transpile(await scene.guests.large(), 'large');
    const { loadJco } = await scene.programs();
    return { run: () => numberOf([loadJco, 'cached', version, file]), counts: ONE };
  };
}

async function largeFile(scene: Scene): Promise<string> {
  const file = join(scene.folder, 'large.wasm');
  writeFileSync(file, await scene.guests.large());
  return file;
}
