import { afterEach } from 'vitest';
import type { Host, HostOptions } from '../src/index.ts';
import { type Arena, manifestOf as fullManifestOf, loadAssembler } from '../src/suite/arena.ts';
import { Lab } from '../src/suite/lab.ts';

export { ALLOCATOR, type Arena, type Guest } from '../src/suite/arena.ts';
export { codeOf } from '../src/suite/lab.ts';

/** A test's hosts and folders: those of one lab of the isolation suite, inline, gone when the test is over. */
const lab = new Lab();
afterEach(() => lab[Symbol.asyncDispose]());

export const assemble = await loadAssembler();

export function makeFolder(): string {
  return lab.folder();
}

/** A manifest of guests written in the test. */
export function manifestOf(arena: Arena, folder: string): object {
  return fullManifestOf(arena, { folder, assemble });
}

/** A running host of them. */
export function makeHost(arena: Arena, options: HostOptions = {}): Promise<Host> {
  return lab.make(arena, options);
}
