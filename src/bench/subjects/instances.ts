import { createHost } from '../../index.ts';
import { makeStage } from '../bench-host.ts';
import { numberOf } from '../child.ts';
import { collectMemories } from '../collect.ts';
import { amongSubject, RUN } from '../operation.ts';
import { assertRight, type MakeSubject } from '../row.ts';
import type { Scene } from '../scene.ts';

/** Enough for 5,000 pairs of a caller and a callee. */
const ROOM = { instances: 10_000 };
const PUBLIC = { label: {} };

/** Calls between the two of each of so many live pairs, by turns; each pair is at a label of its own. */
export function callAmong(pairs: number): MakeSubject {
  return async (scene) => {
    const { runs, close } = await makePairs(scene, pairs);
    return { ...amongSubject(`cofferdam-${pairs}-pairs`, runs), close };
  };
}

/** Calls between the two of one pair, while so many live. */
export function callBeside(pairs: number): MakeSubject {
  return async (scene) => {
    const { runs, close } = await makePairs(scene, pairs);
    return { ...amongSubject('cofferdam', runs.slice(0, 1)), close };
  };
}

/** Those that live, by how many: the engine has no room for two sets of 5,000, so two subjects share one. */
const living = new Map<number, { readonly pairs: ReturnType<typeof openPairs>; users: number }>();

async function makePairs(scene: Scene, count: number) {
  const shared = living.get(count) ?? { pairs: openPairs(scene, count), users: 0 };
  living.set(count, shared);
  shared.users += 1;
  const { runs, host } = await shared.pairs;
  const close = async () => {
    shared.users -= 1;
    if (shared.users > 0) return;
    living.delete(count);
    runs.length = 0;
    await host.close();
    await collectMemories();
  };
  return { runs, close };
}

async function openPairs(scene: Scene, count: number) {
  const { manifest, folder, cacheDir } = await makeStage(scene, ['caller', 'callee'], ROOM);
  const host = await createHost(manifest, { baseDir: folder, cacheDir });
  const runs = Array.from({ length: count }, (_, i) => {
    const label = { secrecy: [`member:m${i}`] };
    return host.prepare<number>(`caller.${RUN.add.wit}`, { label }).call;
  });
  // A pair lives from its first call on.
  for (const run of runs) assertRight('cofferdam', run(2), 3);
  return { runs, host };
}

/** Makes one more instance of a small guest, on the way to 10,000 in one host; then in another. */
export const makeMany: MakeSubject = async (scene) => {
  const open = async () => {
    const { manifest, folder, cacheDir } = await makeStage(scene, ['small'], ROOM);
    return await createHost(manifest, { baseDir: folder, cacheDir });
  };
  let host = await open();
  let made = 0;
  return {
    async before() {
      if (made < ROOM.instances) return;
      await host.close();
      await collectMemories();
      host = await open();
      made = 0;
    },
    async run() {
      made += 1;
      const { value } = await host.call('small.add', [made, 1], { label: { secrecy: [`member:m${made}`] } });
      assertRight('cofferdam', value, made + 1);
    },
    counts: [1, 1],
    async close() {
      assertRight('cofferdam', (await host.call('small.add', [1, 1], PUBLIC)).value, 2);
      await host.close();
    },
  };
};

/** Resident bytes for each of 10,000 instances, the host's own records of them included: in a process of its own. */
export const memoryOfMany: MakeSubject = async (scene) => {
  const { folder, cacheDir, manifest } = await makeStage(scene, ['small'], ROOM);
  const { manyOnce } = await scene.programs();
  const args = [manyOnce, JSON.stringify({ manifest, folder, cacheDir, count: ROOM.instances })];
  return { run: () => numberOf(args), counts: [1, 1] };
};
