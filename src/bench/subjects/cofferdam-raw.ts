import type { Code, InstanceHost } from '../../compartment/contract.ts';
import { loadCode } from '../../host/code.ts';
import { parseManifest } from '../../policy/index.ts';
import { makeStage } from '../bench-host.ts';
import { scalarSubject, stringSubject } from '../operation.ts';
import { assertRight, type MakeSubject } from '../row.ts';
import type { Scene } from '../scene.ts';

/** A compartment without a broker: the part of a call that the component runtime takes, nothing checked or recorded. */
export const rawHostScalar: MakeSubject = async (scene) => {
  const instance = (await codeOf(scene, 'callee')).instantiate(ALONE);
  return scalarSubject('cofferdam-raw', (a, b) => instance.call(0, [a, b]) as number);
};

export const rawHostString: MakeSubject = async (scene) => {
  const instance = (await codeOf(scene, 'callee')).instantiate(ALONE);
  return stringSubject('cofferdam-raw', (text) => instance.call(1, [text]) as string);
};

export const rawInstance: MakeSubject = async (scene) => {
  const code = await codeOf(scene, 'small');
  return {
    run(count) {
      for (let i = 0; i < count; i++) assertRight('cofferdam-raw', code.instantiate(ALONE).call(0, [i, 1]), i + 1);
    },
  };
};

/** These guests have no imports. */
const ALONE: InstanceHost = {
  call: unreachable,
  suspending: new Set(),
  interrupt: new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }),
  output: unreachable,
  nowNs: unreachable,
  random: unreachable,
};

function unreachable(): never {
  throw new Error('the guest called out');
}

async function codeOf(scene: Scene, name: 'callee' | 'small'): Promise<Code> {
  const { manifest, folder, cacheDir } = await makeStage(scene, [name]);
  const policy = parseManifest(manifest, { baseDir: folder }).compartments.get(name);
  if (policy === undefined) throw new Error(`the manifest has no ${name}`);
  return await loadCode(policy, { baseDir: folder, cacheDir });
}
