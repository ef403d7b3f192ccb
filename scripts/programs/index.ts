import { LIBRARY_PROGRAMS, ROOT_PROGRAMS } from './library-programs.ts';
import type { Program } from './program.ts';
import { WASI_PROGRAMS } from './wasi-programs.ts';

export const PROGRAMS: readonly Program[] = [...WASI_PROGRAMS, ...LIBRARY_PROGRAMS, ...ROOT_PROGRAMS];

export function programNamed(name: string): Program {
  const found = PROGRAMS.find((program) => program.name === name);
  if (found === undefined) throw new Error(`there is no program ${name}`);
  return found;
}
