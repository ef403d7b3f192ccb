import { createHost } from '../../index.ts';
import { makeStage } from '../bench-host.ts';
import { numberOf } from '../child.ts';
import { amongSubject, RUN } from '../operation.ts';
import { assertRight, type MakeSubject } from '../row.ts';

/** Enough for 5,000 pairs of a caller and a callee. */
const ROOM = { instances: 10_000 };
const PUBLIC = { label: {} };

/** Calls between the two of each of so many live pairs, by turns; each pair is at a label of its own. */
export function callAmong(pairs: number): MakeSubject {
  return async (scene) => {
    const { manifest, folder, cacheDir } = await makeStage(scene, ['caller', 'callee'], ROOM);
    const host = await createHost(manifest, { baseDir: folder, cacheDir });
    const target = `caller.${RUN.add.wit}`;
    const runs = Array.from({ length: pairs }, (_, i) => {
      const label = { secrecy: [`member:m${i}`] };
      return host.prepare<number>(target, { label }).call;
    });
    return { ...amongSubject(`cofferdam-${pairs}-pairs`, runs), close: () => host.close() };
  };
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
