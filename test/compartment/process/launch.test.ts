import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launch } from '../../../src/compartment/process/launch.ts';
import type { GuestProcess } from '../../../src/compartment/process/processes.ts';
import { descriptorsOf, eventually, isAlive, optionsFor, statOf } from './support.ts';

const PATIENCE_MS = 20_000;
const server = createServer((socket) => socket.destroy());
let children: readonly [starting: GuestProcess, started: GuestProcess];
let port = 0;

/** JavaScript for a child to run, as though its guest had come out of its engine; each answer is a value or a code. */
async function run({ transport }: GuestProcess, isStarted: boolean, text: string): Promise<unknown> {
  const bytes = new TextEncoder().encode(`${isStarted ? '\x01' : '\x00'}${text}`);
  transport.reserve(bytes.length).set(bytes);
  transport.send(bytes.length);
  const length = await transport.receiveAsync(PATIENCE_MS);
  if (length < 0) return 'no answer in time';
  return JSON.parse(new TextDecoder().decode(transport.frame.subarray(0, length)));
}

const inStarting = (text: string) => run(children[0], false, text);
const inStarted = (text: string) => run(children[1], true, text);

/** What a socket, a lookup and the like tell later, as an event. */
const event = (text: string, ready: string) =>
  `return new Promise((resolve, reject) => { const it = ${text}; it.on('error', reject).on('${ready}', () => resolve('${ready}')); });`;
const builtin = (name: string) => `process.getBuiltinModule('node:${name}')`;

const DENIED = { error: 'ERR_ACCESS_DENIED' };

beforeAll(async () => {
  children = [launch(optionsFor('escaped')), launch(optionsFor('escaped'))];
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as { port: number }).port;
}, PATIENCE_MS);

afterAll(() => {
  for (const { child, transport } of children) {
    child.close();
    transport.close();
  }
  server.close();
});

describe('whoever has come out of the engine in a child', { timeout: PATIENCE_MS }, () => {
  it('can compute and answer: the twin of all that follows', async () => {
    expect(await inStarted('return [1 + 1, typeof process.getBuiltinModule];')).toEqual({ value: [2, 'function'] });
  });

  it('finds no environment, and `/` as its folder', async () => {
    expect(await inStarted('return [Object.keys(process.env), process.cwd()];')).toEqual({ value: [[], '/'] });
    expect(Object.keys(process.env).length).toBeGreaterThan(0);
  });

  it('reads no file, not even those that it was made of', async () => {
    const own = JSON.stringify(new URL('./children/escaped.ts', import.meta.url).pathname);
    const read = (path: string) => `return ${builtin('fs')}.readFileSync(${path}, 'utf8').length;`;
    expect(await inStarting(read(own))).toEqual({ value: readFileSync(JSON.parse(own), 'utf8').length });
    expect(await inStarted(read(own))).toEqual(DENIED);
    for (const path of ['/etc/passwd', '/proc/self/environ', '/proc/1/cmdline', '/dev/shm', process.execPath]) {
      expect(await inStarted(read(JSON.stringify(path))), path).toEqual(DENIED);
    }
    expect(await inStarting(read('"/etc/passwd"'))).toEqual(DENIED);
  });

  it.each(['inStarting', 'inStarted'] as const)('writes none (%s)', async (which) => {
    const inChild = which === 'inStarting' ? inStarting : inStarted;
    for (const path of ['/tmp/cofferdam-escaped', '/dev/shm/cofferdam-escaped']) {
      expect(await inChild(`${builtin('fs')}.writeFileSync('${path}', 'x');`)).toEqual(DENIED);
      expect(await inChild(`${builtin('fs')}.mkdirSync('${path}');`)).toEqual(DENIED);
      expect(await inChild(`${builtin('fs')}.symlinkSync('/etc/passwd', '${path}');`)).toEqual(DENIED);
    }
  });

  it('starts no process, and no thread once it has loaded', async () => {
    const spawn = `${builtin('child_process')}.spawnSync('/bin/true');`;
    const thread = event(`new (${builtin('worker_threads')}.Worker)('', { eval: true })`, 'exit');
    expect(await inStarting(spawn)).toEqual(DENIED);
    expect(await inStarted(spawn)).toEqual(DENIED);
    expect(await inStarting(thread)).toEqual({ value: 'exit' });
    expect(await inStarted(thread)).toEqual(DENIED);
  });

  it('reaches no network', async () => {
    const connect = event(`${builtin('net')}.connect(${port}, '127.0.0.1')`, 'connect');
    const [listen, bind] = [
      event(`${builtin('net')}.createServer().listen(0, '127.0.0.1')`, 'listening'),
      event(`${builtin('dgram')}.createSocket('udp4').bind(0, '127.0.0.1')`, 'listening'),
    ];
    const local = event(`${builtin('net')}.connect('/tmp/cofferdam.sock')`, 'connect');
    const fetched = `return (await fetch('http://127.0.0.1:${port}/')).status;`;
    for (const text of [connect, listen, bind, local]) expect(await inStarted(text), text).toEqual(DENIED);
    expect(await inStarted(fetched)).toHaveProperty('error');
    const lookup = `return await ${builtin('dns')}.promises.lookup('localhost');`;
    expect(await inStarted(lookup)).toHaveProperty('error');
    // Its twin: somebody who may, gets there.
    await expect(
      new Promise((resolve, reject) => {
        const socket = process.getBuiltinModule('node:net').connect(port, '127.0.0.1');
        socket.on('error', reject).on('connect', () => resolve(socket.destroy()));
      }),
    ).resolves.toBeDefined();
  });

  it('loads no addon, opens no inspector, and has no WASI', async () => {
    expect(await inStarted(`process.dlopen({ exports: {} }, '/tmp/x.node');`)).toEqual({
      error: 'ERR_DLOPEN_DISABLED',
    });
    expect(
      await inStarted(`${builtin('inspector')}.open(0, '127.0.0.1'); return ${builtin('inspector')}.url();`),
    ).not.toHaveProperty('value');
    expect(await inStarted(`new (${builtin('wasi')}.WASI)({ version: 'preview1', preopens: { '/': '/' } });`)).toEqual(
      DENIED,
    );
  });

  it('has no database, which would open files whatever the permissions say', async () => {
    const has = (name: string) => `return process.getBuiltinModule('node:${name}') !== undefined;`;
    expect(await inStarted(has('sqlite'))).toEqual({ value: false });
    expect(await inStarting(has('sqlite'))).toEqual({ value: false });
    expect(await inStarted(has('fs'))).toEqual({ value: true });
  });

  it('gets no permission back', async () => {
    const scopes = ['fs.read', 'fs.write', 'child', 'worker', 'net', 'addon', 'wasi', 'inspector', 'ffi'];
    const all = `return ${JSON.stringify(scopes)}.filter((scope) => process.permission.has(scope));`;
    expect(await inStarted(all)).toEqual({ value: [] });
    expect(await inStarting(all)).toEqual({ value: ['worker'] });
  });

  it('cannot open the descriptors of the host', async () => {
    expect(await inStarted(`${builtin('fs')}.openSync('/proc/${process.pid}/mem');`)).toEqual(DENIED);
  });
});

describe('a child', { timeout: PATIENCE_MS }, () => {
  it('is given its channel, its doorbell, its lifeline and where its last words go, and no file of the host', async () => {
    const { child } = children[1];
    await inStarted('return 0;');
    const found = descriptorsOf(child.pid);
    expect([0, 1, 2, 3, 4].map((number) => found.get(number)?.replace(/\[?\d+\]?|#\d+ /g, '#'))).toEqual([
      expect.stringMatching(/^socket:/),
      '/dev/null',
      expect.stringMatching(/\(deleted\)$/),
      expect.stringMatching(/^socket:/),
      expect.stringMatching(/\(deleted\)$/),
    ]);
    const rest = [...found].filter(([number]) => number > 4).map(([, target]) => target);
    // Node's own, made after its start: event loops, its threads' pipes.
    expect(rest.filter((target) => !/^(anon_inode:|pipe:|\/dev\/null$)/.test(target))).toEqual([]);
    const ofHost = new Set([...descriptorsOf(process.pid).values()].filter((target) => /^(pipe|socket):/.test(target)));
    expect([...found].filter(([number, target]) => number > 4 && ofHost.has(target))).toEqual([]);
  });

  it('has a session of its own', () => {
    const [, , group, session] = statOf(children[1].child.pid);
    expect([group, session]).toEqual([String(children[1].child.pid), String(children[1].child.pid)]);
  });

  it('ends when its host lets go of it, also in the middle of a loop', async () => {
    const spare = launch(optionsFor('escaped'));
    await run(spare, true, 'return 0;');
    const bytes = new TextEncoder().encode('\x01for (;;);');
    spare.transport.reserve(bytes.length).set(bytes);
    spare.transport.send(bytes.length);
    await delay(20);
    expect(isAlive(spare.child.pid)).toBe(true);
    spare.child.close();
    spare.transport.close();
    expect(await eventually(() => !isAlive(spare.child.pid), PATIENCE_MS)).toBe(true);
  });
});
