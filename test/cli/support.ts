import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';
import { makeIo } from '../../src/cli/io.ts';
import { runCli } from '../../src/cli/program.ts';

const ROOT = join(import.meta.dirname, '../..');
const MAIN = join(ROOT, 'src/cli/main.ts');

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command line as a process of its own. */
export function cofferdam(
  args: readonly string[],
  { input = '', cwd = ROOT, env = {} }: { input?: string | Buffer; cwd?: string; env?: Record<string, string> } = {},
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [MAIN, ...args], { cwd, env: { ...process.env, ...env } });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    child.on('error', reject);
    child.on('close', (code) =>
      resolve({ code, stdout: Buffer.concat(out).toString('utf8'), stderr: Buffer.concat(err).toString('utf8') }),
    );
    child.stdin.on('error', () => undefined); // a command that does not read its stdin closes it
    child.stdin.end(input);
  });
}

/** The same without the process, for what no process boundary can change. */
export async function cofferdamInside(args: readonly string[]): Promise<Ended> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const read = Promise.all([text(stdout), text(stderr)]);
  const code = await runCli(args, makeIo({ stdin: Readable.from([]), stdout, stderr }, ROOT));
  stdout.end();
  stderr.end();
  const [out, err] = await read;
  return { code, stdout: out, stderr: err };
}

/** An empty folder for the length of a test. */
export function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'cofferdam-cli-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** A folder with the starter in it, and a tag `staff` that its guest has no clearance for; returns the manifest's path. */
export function makeStarter(): string {
  const folder = makeFolder();
  cpSync(join(ROOT, 'guests/starter'), folder, { recursive: true });
  const manifest = join(folder, 'cofferdam.yaml');
  const text = readFileSync(manifest, 'utf8');
  writeFileSync(manifest, text.replace(/^tags:$/m, 'tags:\n  staff: { kind: secrecy, owner: me }'));
  return manifest;
}

/** The code in `{ error: { code } }`, the only document on stderr. */
export function errorCode({ stderr }: Ended): string {
  const { error } = JSON.parse(stderr) as { error: { code: string; message: string; details: object } };
  if (typeof error.message !== 'string' || typeof error.details !== 'object') throw new Error(stderr);
  return error.code;
}
