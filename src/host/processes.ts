import { Processes } from '../compartment/process/processes.ts';

const isSource = import.meta.url.endsWith('.ts');

/** The processes of all hosts of this process. In a build all code is in one folder. */
export const processes = new Processes({
  entry: new URL(isSource ? './guest-process.ts' : './guest-process.js', import.meta.url),
  readable: new URL(isSource ? '../' : './', import.meta.url),
});
