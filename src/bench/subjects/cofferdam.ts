import { createHost, type Host } from '../../index.ts';
import { makeStage } from '../bench-host.ts';
import { answerTo, type Operation, RUN, scalarSubject, stringSubject, TEXTS } from '../operation.ts';
import { assertRight, type MakeSubject } from '../row.ts';
import type { Scene } from '../scene.ts';

const PUBLIC = { label: {} };
/** Instances of one host before the next host is made: below the default limits. */
const INSTANCES_PER_HOST = 900;

/** A host with a manifest, a journal on disk, a caller and a callee; the caller makes the calls. */
export function cofferdamCall(operation: Operation): MakeSubject {
  return async (scene) => {
    const host = await openHost(scene, ['caller', 'callee']);
    const target = `caller.${RUN[operation].wit}`;
    return {
      async run(count) {
        assertRight('cofferdam', (await host.call(target, [count], PUBLIC)).value, answerTo(operation, count));
      },
      close: () => host.close(),
    };
  };
}

/** By `host.prepare`: decided once, called at once. */
export const preparedScalar: MakeSubject = async (scene) => {
  const host = await openHost(scene, ['callee']);
  const { call } = host.prepare<number>('callee.add', PUBLIC);
  return { ...scalarSubject('cofferdam', (a, b) => call(a, b)), close: () => host.close() };
};

export const preparedString: MakeSubject = async (scene) => {
  const host = await openHost(scene, ['callee']);
  const { call } = host.prepare<string>('callee.echo', PUBLIC);
  return { ...stringSubject('cofferdam', (text) => call(text)), close: () => host.close() };
};

export const cofferdamHostScalar: MakeSubject = async (scene) => {
  const host = await openHost(scene, ['callee']);
  return {
    async run(count) {
      let sum = 0;
      for (let i = 1; i <= count; i++) sum = (await host.call<number>('callee.add', [sum, i], PUBLIC)).value;
      assertRight('cofferdam-async', sum, answerTo('add', count));
    },
    close: () => host.close(),
  };
};

export const cofferdamHostString: MakeSubject = async (scene) => {
  const host = await openHost(scene, ['callee']);
  return {
    async run(count) {
      for (let i = 0; i < count; i++) {
        const text = TEXTS[i & 15] as string;
        const { value } = await host.call('callee.echo', [text], PUBLIC);
        if (value !== text) assertRight('cofferdam-async', value, text);
      }
    },
    close: () => host.close(),
  };
};

/** The first call at a label that no instance has: decides, makes the instance, records, calls. */
export const cofferdamInstance: MakeSubject = async (scene) => {
  let host = await openHost(scene, ['small']);
  let made = 0;
  return {
    async before() {
      if (made < INSTANCES_PER_HOST) return;
      await host.close();
      host = await openHost(scene, ['small']);
      made = 0;
    },
    async run() {
      made += 1;
      const { value } = await host.call('small.add', [made, 1], { label: { secrecy: [`member:m${made}`] } });
      assertRight('cofferdam', value, made + 1);
    },
    counts: [1, 1],
    close: () => host.close(),
  };
};

async function openHost(scene: Scene, names: Parameters<typeof makeStage>[1]): Promise<Host> {
  const { manifest, folder, cacheDir } = await makeStage(scene, names);
  return await createHost(manifest, { baseDir: folder, cacheDir });
}
