import { TEXTS } from '../operation.ts';
import { assertRight, type MakeSubject } from '../row.ts';
import type { Scene } from '../scene.ts';

interface Plugin {
  call(name: string, input?: string): Promise<{ text(): string } | null>;
  /** Frees what the calls so far have passed: without it, the 16,384th fails. */
  reset(): Promise<boolean>;
  close(): Promise<void>;
}

type CreatePlugin = (manifest: object, options: object) => Promise<Plugin>;

const CALLS_PER_RESET = 8192;

/** Extism passes bytes only, so the least it can do is nothing: no argument, no result. */
/** `runInWorker`: in a thread of its own. */
export const extismNoop =
  (runInWorker = false): MakeSubject =>
  async (scene) => {
    const plugin = await pluginOf(scene, runInWorker);
    return {
      async run(count) {
        for (let i = 0; i < count; i++) {
          if (i % CALLS_PER_RESET === 0) await plugin.reset();
          const output = await plugin.call('noop');
          if (output !== null) assertRight('extism-noop', output.text(), null);
        }
      },
      close: () => plugin.close(),
    };
  };

export const extismString =
  (texts = TEXTS, runInWorker = false): MakeSubject =>
  async (scene) => {
    const plugin = await pluginOf(scene, runInWorker);
    return {
      async run(count) {
        for (let i = 0; i < count; i++) {
          if (i % CALLS_PER_RESET === 0) await plugin.reset();
          const text = texts[i & 15] as string;
          assertRight('extism', (await plugin.call('echo', text))?.text(), text);
        }
      },
      close: () => plugin.close(),
    };
  };

/** Without WASI. */
async function pluginOf(scene: Scene, runInWorker: boolean): Promise<Plugin> {
  const { default: create }: { default: CreatePlugin } = await import(
    scene.peers.file('@extism/extism', 'dist/esm/mod.js')
  );
  return await create({ wasm: [{ data: await scene.guests.core('extism') }] }, { useWasi: false, runInWorker });
}
