import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { isErrno } from '../../../src/compartment/process/errno.ts';
import { launch } from '../../../src/compartment/process/launch.ts';
import type { GuestProcess } from '../../../src/compartment/process/processes.ts';

/** One of the children beside this file; it ends with the test. */
export function launchChild(name: string): GuestProcess {
  const launched = launch(optionsFor(name));
  onTestFinished(() => {
    launched.child.close();
    launched.transport.close();
  });
  return launched;
}

export function optionsFor(name: string): { readonly entry: URL; readonly readable: URL } {
  return {
    entry: new URL(`./children/${name}.ts`, import.meta.url),
    readable: new URL('../../../', import.meta.url),
  };
}

/** What each descriptor of a process is; without those that are closed while it looks, such as the one it looks with. */
export function descriptorsOf(pid: number): Map<number, string> {
  const folder = `/proc/${pid}/fd`;
  const found = new Map<number, string>();
  for (const number of readdirSync(folder)) {
    try {
      found.set(Number(number), readlinkSync(`${folder}/${number}`));
    } catch (error) {
      if (!isErrno(error, 'ENOENT')) throw error;
    }
  }
  return found;
}

/** Milliseconds of processor time that a process has used. The system counts in steps of 10. */
export function cpuMsOf(pid: number): number {
  const fields = statOf(pid);
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** From the state on, which is the third. */
export function statOf(pid: number): string[] {
  const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  return text.slice(text.lastIndexOf(')') + 2).split(' ');
}

/** Does it run, or sleep? One that has ended and that nobody has asked for does not. */
export function isAlive(pid: number): boolean {
  try {
    return statOf(pid)[0] !== 'Z';
  } catch {
    return false;
  }
}

/** Waits until `isSo`; false when it is not in time. */
export async function eventually(isSo: () => boolean, ms: number): Promise<boolean> {
  for (const end = performance.now() + ms; performance.now() < end; await delay(5)) if (isSo()) return true;
  return isSo();
}
