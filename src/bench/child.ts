import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Runs this Node in a process of its own, and gives what it printed. Throws when it fails. */
export async function runNode(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> {
  const { stdout } = await run(process.execPath, args, { env: { PATH: process.env.PATH, ...env }, timeout: 60_000 });
  return stdout.trim();
}

/** A child that prints a number: the nanoseconds it took, or bytes. */
export async function numberOf(args: readonly string[]): Promise<number> {
  const text = await runNode(args);
  if (!/^\d+$/.test(text)) throw new Error(`a child printed ${text.slice(0, 80)}`);
  return Number(text);
}
