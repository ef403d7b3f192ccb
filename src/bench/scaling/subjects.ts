import { createHost, type Host } from '../../index.ts';
import { LabelSpace } from '../../label/index.ts';
import { type Guest, makeFolder } from '../bench-host.ts';
import { scalarSubject } from '../operation.ts';
import { assertRight, type MakeSubject } from '../row.ts';
import type { Scene } from '../scene.ts';

const PUBLIC = { label: {} };
const TAGS = {
  principals: { owner: {} },
  tags: { 'member:*': { kind: 'secrecy', owner: 'owner' } },
};
const CLEARANCE = { secrecy: ['member:*'] };

/** Calls of a chain of so many links, from its head to its end and back. */
export function chain(links: number): MakeSubject {
  return async (scene) => {
    const names = Array.from({ length: links }, (_, i) => `relay-${i}`);
    const host = await open(scene, ['relay', 'last'], {
      compartments: {
        ...Object.fromEntries(names.map((name) => [name, { wasm: './relay.wasm' }])),
        last: { wasm: './last.wasm' },
      },
      links: names.map((from, i) => ({ from, import: 'bench:guests/step', to: names[i + 1] ?? 'last' })),
      limits: { callDepth: 128 },
    });
    const { call } = host.prepare<number>('relay-0.step', PUBLIC);
    return {
      run(count) {
        for (let i = 0; i < count; i++) assertRight('cofferdam', call(i), i + links);
      },
      close: () => host.close(),
    };
  };
}

/** Gives a list of so many bytes and gets it back. */
export function payload(bytes: number): MakeSubject {
  return async (scene) => {
    const limits = { message: '64MiB', memory: '128MiB' };
    const host = await open(scene, ['blob'], { compartments: { blob: { wasm: './blob.wasm', limits } } });
    const { call } = host.prepare<Uint8Array>('blob.echo', PUBLIC);
    const data = new Uint8Array(bytes).fill(7);
    let turn = 0;
    return {
      run(count) {
        for (let i = 0; i < count; i++) {
          turn = (turn + 1) & 255;
          data[bytes - 1] = turn;
          const back = call(data);
          if (back.length !== bytes || back[bytes - 1] !== turn) throw new Error('cofferdam gave other bytes');
        }
      },
      close: () => host.close(),
    };
  };
}

/** A prepared call, at a label of so many tags. */
export function callAtTags(tags: number): MakeSubject {
  return async (scene) => {
    const host = await open(scene, ['small'], {
      ...TAGS,
      compartments: { small: { wasm: './small.wasm', clearance: CLEARANCE } },
    });
    const secrecy = Array.from({ length: tags }, (_, i) => `member:m${i}`);
    const { call } = host.prepare<number>('small.add', { label: { secrecy } });
    return { ...scalarSubject('cofferdam', call), close: () => host.close() };
  };
}

/** May one label of so many tags flow to another? Asked before, as labels of messages are. */
export function canFlowAtTags(tags: number): MakeSubject {
  return async () => {
    const space = new LabelSpace([{ name: 'member:*', kind: 'secrecy', owner: 'owner', isFamily: true }], {
      maxTagsPerLabel: 1001,
    });
    const secrecy = Array.from({ length: tags }, (_, i) => `member:m${i}`);
    const [from, to] = [space.label({ secrecy }), space.label({ secrecy: [...secrecy, 'member:more'] })];
    return {
      run(count) {
        let flows = 0;
        for (let i = 0; i < count; i++) if (space.canFlow(from, to)) flows += 1;
        assertRight('cofferdam-canflow', flows, count);
      },
    };
  };
}

/** A call of a compartment that holds so many privileges; `decided` asks at each call anew. */
export function callWithGrants(grants: number, how: 'prepared' | 'decided'): MakeSubject {
  return async (scene) => {
    const names = Array.from({ length: grants }, (_, i) => `t${i}`);
    const host = await open(scene, ['small'], {
      principals: TAGS.principals,
      tags: Object.fromEntries(names.map((name) => [name, { kind: 'secrecy', owner: 'owner' }])),
      compartments: { small: { wasm: './small.wasm', grants: names.map((name) => `${name}-`) } },
    });
    const close = () => host.close();
    if (how === 'prepared')
      return { ...scalarSubject('cofferdam', host.prepare<number>('small.add', PUBLIC).call), close };
    return {
      async run(count) {
        for (let i = 0; i < count; i++) {
          assertRight('cofferdam-async', (await host.call<number>('small.add', [i, 1], PUBLIC)).value, i + 1);
        }
      },
      close,
    };
  };
}

/** So many threads, each asked at once; the time of one call is that of all by their number. */
export function callWorkers(workers: number): MakeSubject {
  return async (scene) => {
    const names = Array.from({ length: workers }, (_, i) => `worker-${i}`);
    const host = await open(scene, ['small'], {
      compartments: Object.fromEntries(names.map((name) => [name, { wasm: './small.wasm', kind: 'worker' }])),
    });
    return {
      async run(count) {
        for (let i = 0; i < count; i += workers) {
          const replies = await Promise.all(names.map((name) => host.call(`${name}.add`, [i, 1], PUBLIC)));
          for (const { value } of replies) assertRight('cofferdam', value, i + 1);
        }
      },
      counts: [workers, workers * 256],
      close: () => host.close(),
    };
  };
}

async function open(scene: Scene, guests: readonly Guest[], manifest: object): Promise<Host> {
  const { folder, cacheDir } = await makeFolder(scene, guests);
  return await createHost({ version: 1, ...manifest, audit: { path: './audit.db' } }, { baseDir: folder, cacheDir });
}
