/** What the processes of the suite run. It stands beside this file, as `.ts` in the source tree and as `.js` in a build. */
export function workerFile(): URL {
  return new URL(import.meta.url.endsWith('.ts') ? './case-worker.ts' : './case-worker.js', import.meta.url);
}
