import { createHost } from '../../index.ts';
import { type Kind, makeStage } from '../bench-host.ts';
import { answerTo, type Question, RUN, scalarSubject, stringSubject, textsOf } from '../operation.ts';
import { assertRight, type MakeSubject } from '../row.ts';

const PUBLIC = { label: {} };

/** The host calls a compartment elsewhere by `host.prepare`, and waits in place: decided, recorded, answered. */
export function preparedRemote(kind: Kind, question: Question): MakeSubject {
  return async (scene) => {
    const { manifest, folder, cacheDir } = await makeStage(scene, ['callee'], {}, { callee: kind });
    const host = await createHost(manifest, { baseDir: folder, cacheDir });
    const subject =
      question === 'add'
        ? scalarSubject('cofferdam', host.prepare<number>('callee.add', PUBLIC).call)
        : stringSubject('cofferdam', host.prepare<string>('callee.echo', PUBLIC).call, textsOf(question));
    return { ...subject, close: () => host.close() };
  };
}

/** A guest calls one elsewhere, in a loop of its own; two in threads without the main thread in between. */
export function guestToRemote(kind: Kind, caller: Kind = 'inline'): MakeSubject {
  return async (scene) => {
    const { manifest, folder, cacheDir } = await makeStage(scene, ['caller', 'callee'], {}, { caller, callee: kind });
    const host = await createHost(manifest, { baseDir: folder, cacheDir });
    return {
      async run(count) {
        const { value } = await host.call(`caller.${RUN.add.wit}`, [count], PUBLIC);
        assertRight('cofferdam-guest', value, answerTo('add', count));
      },
      close: () => host.close(),
    };
  };
}
