import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeStage } from '../bench-host.ts';
import { runNode } from '../child.ts';
import type { MakeSubject } from '../row.ts';

const ONE = [1, 1] as const;

/**
 * A process that makes a host from a manifest, calls an export of a guest, and ends. The plan is cached; `isCompiled`: so is
 * what Node compiled of the program's own code, as NODE_COMPILE_CACHE has it.
 */
export function startCofferdam(isCompiled: boolean): MakeSubject {
  return async (scene) => {
    const { folder, cacheDir, manifest } = await makeStage(scene, ['callee']);
    const file = join(folder, 'cofferdam.yaml');
    writeFileSync(file, JSON.stringify(manifest));
    const { startOnce } = await scene.programs();
    const env = isCompiled ? { NODE_COMPILE_CACHE: join(folder, 'compiled') } : undefined;
    const start = async () => void (await runNode([startOnce, file, cacheDir], env));
    await start();
    return { run: start, counts: ONE };
  };
}

export const startNode: MakeSubject = async () => ({
  run: async () => void (await runNode(['-e', '0'])),
  counts: ONE,
});
