import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { statusAt } from '../../src/host/control/client.ts';
import { assemble, manifestOf } from '../arena.ts';
import { alone, counter, told } from '../host/lifecycle-guests.ts';
import { cofferdam, cofferdamInside, errorCode } from './support.ts';

const PROGRAM = join(import.meta.dirname, 'controlled-host.ts');
const MAIN = join(import.meta.dirname, '../../src/cli/main.ts');

/** A user's own place for sockets, and everything else, for the length of a test. */
function makePlace(): { folder: string; env: Record<string, string> } {
  const folder = mkdtempSync(join(tmpdir(), 'cofferdam-control-'));
  const before = process.env.XDG_RUNTIME_DIR;
  process.env.XDG_RUNTIME_DIR = folder; // of commands that run in this process
  onTestFinished(() => {
    if (before === undefined) delete process.env.XDG_RUNTIME_DIR;
    else process.env.XDG_RUNTIME_DIR = before;
    rmSync(folder, { recursive: true });
  });
  return { folder, env: { XDG_RUNTIME_DIR: folder } };
}

async function startHost({ folder, env }: ReturnType<typeof makePlace>, control = 'true') {
  const manifest = join(folder, 'manifest.json');
  writeFileSync(
    manifest,
    JSON.stringify({ ...manifestOf(alone(), folder), audit: { path: join(folder, 'audit.db') } }),
  );
  const child = spawn(process.execPath, [PROGRAM, manifest, control], { env: { ...process.env, ...env } });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [path] = (await once(createInterface(child.stdout), 'line')) as [string];
  return { child, path, manifest };
}

const end = (child: ChildProcess) => {
  child.stdin?.end();
  return once(child, 'exit');
};

describe('a host that runs', () => {
  it('is listed, held, given new code and ended by the command line', async () => {
    const place = makePlace();
    const { env, folder } = place;
    const { child, manifest } = await startHost(place);
    const run = (...args: string[]) => cofferdamInside(args);
    const state = async () => JSON.parse((await run('ps', '--json')).stdout).hosts[0].status.compartments[0].state;

    const ps = await cofferdam(['ps'], { env });
    expect([ps.code, ps.stderr]).toEqual([0, '']);
    expect(ps.stdout).toMatch(new RegExp(`^host ${child.pid}  ${manifest}  since `));
    expect(ps.stdout).toContain('  counter: running\n    counter@{customer:acme}#1  running  64KiB\n');

    expect(await cofferdam(['suspend', 'counter'], { env })).toEqual({
      code: 0,
      stdout: 'counter suspended\n',
      stderr: '',
    });
    expect(await state()).toBe('suspended');
    expect((await run('resume', 'counter')).code).toBe(0);
    expect(await state()).toBe('running');
    const wasm = join(folder, 'new.wasm');
    writeFileSync(wasm, assemble(counter(2).wat));
    expect((await run('replace', 'counter', '--wasm', wasm)).stdout).toBe('counter replaced\n');
    expect(await state()).toBe('loaded');
    const wrong = await run('replace', 'counter', '--wasm', wasm, '--sha256', '0'.repeat(64), '--json');
    expect([wrong.code, errorCode(wrong)]).toEqual([1, 'LOAD_HASH_MISMATCH']);
    expect(JSON.parse((await run('stop', 'counter', '--grace', '100', '--json')).stdout).done).toBe('stopped');
    expect(await state()).toBe('stopped');
    const unknown = await run('stop', 'nobody', '--json');
    expect([unknown.code, errorCode(unknown)]).toEqual([1, 'TARGET_UNKNOWN']);

    const audit = await run('audit', 'export', join(folder, 'audit.db'), '--kind', 'operate');
    expect(
      audit.stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line).act),
    ).toEqual(['suspend', 'resume', 'replace', 'replace', 'stop']);
    expect(await end(child)).toEqual([0, null]);
    expect(await run('ps')).toEqual({ code: 0, stdout: 'No host runs with a control socket.\n', stderr: '' });
  });

  it('is named where there are several; one that was killed is swept away', async () => {
    const place = makePlace();
    const first = await startHost(place);
    const folder = mkdtempSync(join(tmpdir(), 'cofferdam-control-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const second = await startHost({ folder, env: place.env });
    const run = (...args: string[]) => cofferdamInside(args);
    const several = await run('suspend', 'counter', '--json');
    expect([several.code, errorCode(several)]).toEqual([1, 'CONTROL_AMBIGUOUS']);
    expect((await run('suspend', 'counter', '--host', String(second.child.pid))).code).toBe(0);
    expect((await run('resume', 'counter', '--host', second.path)).code).toBe(0);
    first.child.kill('SIGKILL');
    await once(first.child, 'exit');
    expect(existsSync(first.path)).toBe(true);
    expect((await run('suspend', 'counter')).code).toBe(0);
    expect(existsSync(first.path)).toBe(false);
    const gone = await run('suspend', 'counter', '--host', String(first.child.pid), '--json');
    expect([gone.code, errorCode(gone)]).toEqual([1, 'CONTROL_UNREACHABLE']);
  });

  it('is watched until it ends', async () => {
    const place = makePlace();
    const { child } = await startHost(place);
    const watching = spawn(process.execPath, [MAIN, 'watch', '--json'], { env: { ...process.env, ...place.env } });
    const lines: string[] = [];
    createInterface(watching.stdout).on('line', (line) => lines.push(line));
    // It may have missed the first acts, so they are done until it has seen one of each.
    while (lines.length < 2) {
      await cofferdamInside(['suspend', 'counter']);
      await cofferdamInside(['resume', 'counter']);
      await sleep(50);
    }
    const exit = once(watching, 'exit');
    await end(child);
    expect(await exit).toEqual([0, null]);
    expect(lines.map((line) => JSON.parse(line).to)).toEqual(expect.arrayContaining(['suspended', 'running']));
  });
});

/** Tells its resource as often as it is asked to. */
const LOOP = `(module (import "$root" "tell" (func $tell (param i32))) (memory (export "memory") 1)
  (func (export "pass") (param i32)
    (loop $again
      (call $tell (local.get 0))
      (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))`;

describe('run --control', () => {
  it('can be reached for as long as it runs', async () => {
    const { folder, env } = makePlace();
    const manifest = join(folder, 'manifest.json');
    writeFileSync(manifest, JSON.stringify(manifestOf(told({ wat: LOOP }), folder)));
    const sockets = join(folder, 'cofferdam');
    const running = cofferdam(
      ['run', manifest, '--call', 'teller.pass', '--args', '[20000]', '--secrecy', 'customer:acme'].concat([
        '--resource',
        'sink=stdout',
        '--control',
      ]),
      { env },
    );
    let names: string[] = [];
    while (names.length === 0) {
      await sleep(1);
      names = existsSync(sockets) ? readdirSync(sockets).filter((name) => name.endsWith('.sock')) : [];
    }
    expect(await statusAt(join(sockets, names[0] ?? ''))).toMatchObject({ manifest });
    expect((await running).code).toBe(0);
    expect(readdirSync(sockets)).toEqual([]);
  });

  it('fails where the socket cannot be', async () => {
    const { folder } = makePlace();
    const manifest = join(folder, 'manifest.json');
    writeFileSync(manifest, JSON.stringify(manifestOf(told(), folder)));
    const call = ['run', manifest, '--call', 'teller.pass', '--args', '[1]', '--secrecy', 'customer:acme', '--json'];
    const ended = await cofferdamInside([...call, '--resource', 'sink=stdout', '--control', manifest]);
    expect([ended.code, errorCode(ended)]).toEqual([1, 'CONTROL_PATH']);
  });
});
