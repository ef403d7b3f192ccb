import { readFile } from 'node:fs/promises';
import { IS_SOURCE } from './places.ts';

/** The script of the page: beside the program in a build, and bundled on demand in the source tree. */
export async function pageScript(): Promise<string> {
  if (!IS_SOURCE) return await readFile(new URL('./bench/page.js', import.meta.url), 'utf8');
  const bundler = new URL('../../scripts/bundle.ts', import.meta.url).href; // not part of the package
  const { bundlePage }: { bundlePage(): Promise<string> } = await import(bundler);
  return await bundlePage();
}
