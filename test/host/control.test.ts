import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ask, findHosts, follow, isAnswered, statusAt } from '../../src/host/control/client.ts';
import { CONTROL_LIMITS } from '../../src/host/control/limits.ts';
import { type Host, queryEvents } from '../../src/index.ts';
import { codeOf, makeFolder, makeHost } from '../arena.ts';
import { acme, alone } from './lifecycle-guests.ts';

let before: string | undefined;
let runtime = '';

beforeEach(() => {
  before = process.env.XDG_RUNTIME_DIR;
  runtime = makeFolder();
  process.env.XDG_RUNTIME_DIR = runtime;
});

afterEach(() => {
  if (before === undefined) delete process.env.XDG_RUNTIME_DIR;
  else process.env.XDG_RUNTIME_DIR = before;
});

const controlled = (arena = alone()) => makeHost(arena, { control: true });
const pathOf = (host: Host) => host.controlPath ?? '';

/** Sends text as it is, and gives what comes back until the other side closes. */
async function say(path: string, ...texts: (string | Uint8Array)[]): Promise<string> {
  const socket = connect(path);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.on('error', () => undefined);
  for (const text of texts) socket.write(text);
  socket.end();
  await once(socket, 'close');
  return Buffer.concat(chunks).toString();
}

describe('the socket', () => {
  it('is its user’s alone, and goes with the host', async () => {
    const host = await controlled();
    const path = pathOf(host);
    expect(dirname(path)).toBe(join(runtime, 'cofferdam'));
    expect(lstatSync(path).mode & 0o777).toBe(0o600);
    expect(lstatSync(dirname(path)).mode & 0o777).toBe(0o700);
    expect(readdirSync(dirname(path))).toHaveLength(1);
    await host.close();
    expect(readdirSync(dirname(path))).toEqual([]);
  });

  it('is not there unless it is asked for', async () => {
    expect((await makeHost(alone())).controlPath).toBe(null);
    expect(existsSync(join(runtime, 'cofferdam'))).toBe(false);
  });

  it('may have a path of its own', async () => {
    const path = join(runtime, 'own.sock');
    const host = await makeHost(alone(), { control: path });
    expect((await statusAt(path)).pid).toBe(process.pid);
    await host.close();
    expect(existsSync(path)).toBe(false);
  });

  const places: readonly (readonly [string, (path: string) => void])[] = [
    ['a link to a file', (path) => symlinkSync('/etc/passwd', path)],
    ['a link to nothing', (path) => symlinkSync(join(runtime, 'nothing'), path)],
    ['a file', (path) => writeFileSync(path, 'precious')],
    ['a folder', (path) => mkdirSync(path)],
  ];
  it.each(places)('does not take the place of %s', async (_, put) => {
    const path = join(runtime, 'taken.sock');
    put(path);
    const inode = lstatSync(path).ino;
    expect(await codeOf(() => makeHost(alone(), { control: path }))).toBe('CONTROL_PATH');
    expect(lstatSync(path).ino).toBe(inode);
    expect(readdirSync(runtime)).toEqual(['taken.sock']);
  });

  it('does not take that of a host that runs, and takes that of one that was killed', async () => {
    const path = join(runtime, 'shared.sock');
    const first = await makeHost(alone(), { control: path });
    expect(await codeOf(() => makeHost(alone(), { control: path }))).toBe('CONTROL_PATH');
    expect((await statusAt(path)).compartments).toHaveLength(1);
    await first.close();
    await leaveSocket(path);
    await makeHost(alone(), { control: path });
    expect((await statusAt(path)).compartments).toHaveLength(1);
  });

  it('is not made where others can reach', async () => {
    const folder = join(runtime, 'open');
    mkdirSync(folder);
    chmodSync(folder, 0o755);
    expect(await codeOf(() => makeHost(alone(), { control: join(folder, 'x.sock') }))).toBe('CONTROL_PATH');
    mkdirSync(join(runtime, 'cofferdam'));
    chmodSync(join(runtime, 'cofferdam'), 0o777);
    expect(await codeOf(controlled)).toBe('CONTROL_PATH');
    const linked = join(runtime, 'linked');
    symlinkSync(makeFolder(), linked);
    expect(await codeOf(() => makeHost(alone(), { control: join(linked, 'x.sock') }))).toBe('CONTROL_PATH');
    const long = join(runtime, `${'x'.repeat(CONTROL_LIMITS.maxPathBytes)}.sock`);
    expect(await codeOf(() => makeHost(alone(), { control: long }))).toBe('CONTROL_PATH');
  });
});

/** What a killed host leaves: a socket on which nobody listens. */
async function leaveSocket(path: string): Promise<void> {
  const server = createServer().listen(`${path}.live`);
  await once(server, 'listening');
  linkSync(`${path}.live`, path);
  server.close();
  await once(server, 'close');
}

describe('hosts', () => {
  it('are found, all of them, and those that were killed are swept away', async () => {
    const hosts = [await controlled(), await controlled()];
    const stale = join(runtime, 'cofferdam', '1-dead.sock');
    await leaveSocket(stale);
    const file = join(runtime, 'cofferdam', 'notes.txt');
    writeFileSync(file, 'not a socket');
    expect((await findHosts()).map(({ path }) => path)).toEqual(hosts.map(pathOf).sort());
    expect([existsSync(stale), existsSync(file)]).toEqual([false, true]);
    await hosts[0]?.close();
    expect((await findHosts()).map(({ path }) => path)).toEqual([hosts[1]?.controlPath]);
  });

  it('are none where there is no folder', async () => {
    expect(await findHosts()).toEqual([]);
    expect(await isAnswered(join(runtime, 'nobody.sock'))).toBe(false);
    expect(await codeOf(() => statusAt(join(runtime, 'nobody.sock')))).toBe('CONTROL_UNREACHABLE');
  });
});

describe('a peer', () => {
  it('acts, and the journal says that it did', async () => {
    const journal = join(makeFolder(), 'audit.db');
    const host = await controlled({ ...alone(), audit: { path: journal } });
    const path = pathOf(host);
    await ask(path, { do: 'suspend', compartment: 'counter' });
    expect((await statusAt(path)).compartments[0]?.state).toBe('suspended');
    await ask(path, { do: 'resume', compartment: 'counter' });
    await ask(path, { do: 'replace', compartment: 'counter' });
    await ask(path, { do: 'stop', compartment: 'counter', graceMs: 0 });
    expect(await codeOf(() => host.call('counter.count', [], acme))).toBe('COMPARTMENT_STOPPED');
    expect(await codeOf(() => ask(path, { do: 'stop', compartment: 'nobody' }))).toBe('TARGET_UNKNOWN');
    const wasm = join(makeFolder(), 'none.wasm');
    expect(await codeOf(() => ask(path, { do: 'replace', compartment: 'counter', wasm }))).toBe('LOAD_NOT_FOUND');
    await host.close();
    const acts = [...queryEvents(journal, { kinds: ['operate'] })];
    expect(acts.map((event) => (event.kind === 'operate' ? `${event.act} ${event.by}` : ''))).toEqual([
      'suspend control',
      'resume control',
      'replace control',
      'stop control',
      'replace control',
    ]);
  });

  it('watches until the host closes', async () => {
    const host = await controlled();
    const seen: string[] = [];
    const watching = (async () => {
      for await (const { compartment, to } of follow(pathOf(host))) seen.push(`${compartment} ${to}`);
    })();
    await sleep(100); // until it watches
    host.suspend('counter');
    host.resume('counter');
    await sleep(50);
    await host.close();
    await watching;
    expect(seen).toEqual(['counter suspended', 'counter loaded']);
  });
});

const errorIn = (text: string): unknown =>
  (JSON.parse(text.trimEnd().split('\n').at(-1) ?? '') as { error?: { code: string } }).error?.code;

describe('a hostile peer', () => {
  const nonsense: readonly (readonly [string, string | Uint8Array, string])[] = [
    ['no JSON', 'hello\n', 'CONTROL_REQUEST'],
    ['another value', '[1,2]\n', 'CONTROL_REQUEST'],
    ['an act that there is not', '{"do":"eval","code":"1"}\n', 'CONTROL_REQUEST'],
    ['one thing too much', '{"do":"status","as":"root"}\n', 'CONTROL_REQUEST'],
    ['no compartment', '{"do":"stop"}\n', 'CONTROL_REQUEST'],
    ['a grace without end', '{"do":"stop","compartment":"counter","graceMs":1e9}\n', 'CONTROL_REQUEST'],
    ['a relative path', '{"do":"replace","compartment":"counter","wasm":"../x.wasm"}\n', 'CONTROL_REQUEST'],
    ['a prototype', '{"__proto__":{"do":"status"}}\n', 'CONTROL_REQUEST'],
    ['depth', `${'['.repeat(8_000)}\n`, 'CONTROL_REQUEST'],
    ['no UTF-8', Uint8Array.of(0xff, 0xfe, 0x0a), 'CONTROL_REQUEST'],
    ['a line without end', 'x'.repeat(CONTROL_LIMITS.maxRequestBytes + 1), 'CONTROL_LIMIT'],
    ['a request that is too long', `{"do":"stop","compartment":"${'x'.repeat(20_000)}"}\n`, 'CONTROL_LIMIT'],
  ];
  it.each(nonsense)('that sends %s is told so, and let go', async (_, text, code) => {
    const host = await controlled();
    expect(errorIn(await say(pathOf(host), text))).toBe(code);
    expect((await statusAt(pathOf(host))).compartments[0]?.state).toBe('loaded');
  });

  it('that asks too fast is cut off: exactly at the limit', async () => {
    const host = await controlled();
    const request = '{"do":"resume","compartment":"counter"}\n';
    const most = await say(pathOf(host), request.repeat(CONTROL_LIMITS.maxRequestsPerSecond));
    expect(most.split('\n')).toHaveLength(CONTROL_LIMITS.maxRequestsPerSecond + 1);
    expect(errorIn(most)).toBe(undefined);
    const more = await say(pathOf(host), request.repeat(CONTROL_LIMITS.maxRequestsPerSecond + 1));
    expect(errorIn(more)).toBe('CONTROL_LIMIT');
  });

  it('cannot take all connections for ever', async () => {
    const host = await controlled();
    const sockets: Socket[] = [];
    for (let i = 0; i < CONTROL_LIMITS.maxConnections; i++) {
      const socket = connect(pathOf(host));
      socket.on('error', () => undefined);
      sockets.push(socket);
      await once(socket, 'connect');
    }
    await sleep(20);
    expect(await codeOf(() => statusAt(pathOf(host)))).toBe('CONTROL_UNREACHABLE');
    const closed = Promise.all(sockets.map((socket) => once(socket, 'close')));
    // One that sends a byte now and then is no better than one that sends nothing.
    const drip = setInterval(() => sockets[0]?.write('{'), 500);
    await closed;
    clearInterval(drip);
    expect((await statusAt(pathOf(host))).pid).toBe(process.pid);
  }, 20_000);

  it('that watches and does not read costs no more than what may wait for it', async () => {
    const host = await controlled();
    const socket = connect(pathOf(host));
    socket.on('error', () => undefined);
    socket.pause();
    socket.write('{"do":"watch"}\n');
    await sleep(50);
    for (let i = 0; i < 20; i++) {
      for (let n = 0; n < 500; n++) {
        host.suspend('counter');
        host.resume('counter');
      }
      await sleep(1);
    }
    expect(await statusAt(pathOf(host))).toMatchObject({ compartments: [{ state: 'loaded' }] });
    // What it then gets are the last ones, with a hole before them.
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.resume();
    while (!/"lost":[1-9]/.test(text)) await sleep(5);
    expect(text.split('\n').length).toBeLessThan(20_000);
    socket.destroy();
  });
});
