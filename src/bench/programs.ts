import { writeFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { IS_SOURCE } from './places.ts';

/** Paths of programs that are started anew for each sample. */
export interface Programs {
  readonly loadOnce: string;
  readonly startOnce: string;
  readonly manyOnce: string;
  readonly loadJco: string;
  readonly answer: string;
}

/**
 * As they are published. In the source tree they are bundled first, since stripping the types of two hundred files would
 * be most of what a fresh process does.
 */
export async function findPrograms(folder: string): Promise<Programs> {
  let from = new URL('./', import.meta.url);
  if (IS_SOURCE) {
    from = pathToFileURL(`${folder}/`);
    const bundler = new URL('../../scripts/bundle.ts', import.meta.url).href; // not part of the package
    const { bundleProgram }: { bundleProgram(to: URL): Promise<unknown> } = await import(bundler);
    await bundleProgram(from);
    // Without it Node would read each file twice, to find out what kind of module it is.
    writeFileSync(new URL('package.json', from), '{"type":"module"}');
  }
  const path = (name: string) => fileURLToPath(new URL(`bench-${name}.js`, from));
  return {
    loadOnce: path('load-once'),
    startOnce: path('start-once'),
    manyOnce: path('many-once'),
    loadJco: path('load-jco'),
    answer: path('answer'),
  };
}
