import { randomBytes } from 'node:crypto';
import { chmodSync, lstatSync, renameSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CofferdamError, isCofferdamError } from '../../error.ts';
import type { Watched } from '../watch.ts';
import { isAnswered } from './client.ts';
import { assertShort, controlFolder, makePrivateFolder, refused, socketAt } from './folder.ts';
import { CONTROL_LIMITS } from './limits.ts';
import { readLines } from './lines.ts';
import { type ControlRequest, type HostStatus, lineOf, parseRequest } from './protocol.ts';

/** What a peer may ask of a host. */
export interface Controlled {
  readonly status: () => HostStatus;
  readonly watch: () => AsyncIterableIterator<Watched>;
  /** Throws what the host's own methods throw. */
  readonly act: (request: Exclude<ControlRequest, { do: 'status' | 'watch' }>) => Promise<void> | void;
}

/**
 * A socket by which this user, and nobody else, can ask about a host and act on it: in a folder that is the user's alone, with
 * mode 0600, and never on a network. What comes is read as a stranger's all the same.
 */
export class ControlServer {
  readonly path: string;
  readonly #inode: bigint;
  readonly #server: Server;
  readonly #sockets: ReadonlySet<Socket>;

  private constructor(path: string, inode: bigint, server: Server, sockets: ReadonlySet<Socket>) {
    this.path = path;
    this.#inode = inode;
    this.#server = server;
    this.#sockets = sockets;
  }

  /** `true`: in the folder where `cofferdam ps` looks. Throws CONTROL_PATH. */
  static async open(where: string | true, host: Controlled): Promise<ControlServer> {
    const unique = randomBytes(4).toString('hex');
    const path = where === true ? join(controlFolder(), `${process.pid}-${unique}.sock`) : resolve(where);
    if (where === true) makePrivateFolder(dirname(path));
    // Others see it when it listens and has its mode, and not before.
    const draft = join(dirname(path), `.${unique}`);
    assertShort(path);
    assertShort(draft);
    if (socketAt(path) && (await isAnswered(path))) throw refused(path, 'is the socket of another host');
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      socket.on('error', () => undefined); // its reader sees that it is over
      void serve(socket, host);
    });
    server.maxConnections = CONTROL_LIMITS.maxConnections;
    server.unref();
    await listen(server, draft);
    chmodSync(draft, 0o600);
    renameSync(draft, path);
    return new ControlServer(path, lstatSync(path, { bigint: true }).ino, server, sockets);
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    // Somebody may have put another there.
    if (lstatSync(this.path, { bigint: true, throwIfNoEntry: false })?.ino === this.#inode) rmSync(this.path);
  }
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((done, fail) => {
    server.once('error', (cause) => fail(refused(path, 'cannot be listened on', cause)));
    server.listen(path, done);
  });
}

async function serve(socket: Socket, host: Controlled): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const arm = () => {
    timer = setTimeout(() => socket.destroy(), CONTROL_LIMITS.requestMs).unref();
  };
  try {
    arm();
    let sinceMs = 0;
    let count = 0;
    // Whoever breaks a rule is told which, so the socket outlives its reader.
    const chunks = socket.iterator({ destroyOnReturn: false });
    for await (const line of readLines(chunks, CONTROL_LIMITS.maxRequestBytes)) {
      clearTimeout(timer);
      const nowMs = performance.now();
      if (nowMs - sinceMs >= 1_000) [sinceMs, count] = [nowMs, 0];
      count += 1;
      if (count > CONTROL_LIMITS.maxRequestsPerSecond) throw tooFast();
      const request = parseRequest(line);
      if (request.do === 'watch') return await stream(socket, host.watch());
      await send(socket, await answer(host, request));
      arm();
    }
  } catch (error) {
    if (isCofferdamError(error) && socket.writable) await send(socket, failure(error)).catch(() => undefined);
  } finally {
    clearTimeout(timer);
    socket.destroySoon();
  }
}

async function answer(host: Controlled, request: Exclude<ControlRequest, { do: 'watch' }>): Promise<string> {
  try {
    if (request.do === 'status') return lineOf({ ok: true, result: host.status() });
    await host.act(request);
    return lineOf({ ok: true, result: null });
  } catch (error) {
    return failure(error);
  }
}

function failure(error: unknown): string {
  const known = isCofferdamError(error) ? error : new CofferdamError('INTERNAL', 'Something inside the host failed.');
  return lineOf({ ok: false, error: { code: known.code, message: known.message } });
}

async function stream(socket: Socket, transitions: AsyncIterableIterator<Watched>): Promise<void> {
  socket.once('close', () => void transitions.return?.());
  socket.resume(); // so that the end of the peer is seen; it has nothing more to say
  await send(socket, lineOf({ ok: true, result: null }));
  for await (const transition of transitions) await send(socket, lineOf(transition));
}

/** Throws when the peer does not read. */
async function send(socket: Socket, text: string): Promise<void> {
  if (socket.write(text)) return;
  const isOver = new AbortController();
  const drained = new Promise<void>((done) => {
    socket.once('drain', done);
    socket.once('close', done);
  });
  const late = sleep(CONTROL_LIMITS.readMs, 'late' as const, { signal: isOver.signal, ref: false }).catch(() => null);
  const what = await Promise.race([drained, late]);
  isOver.abort();
  if (what === 'late') socket.destroy();
  if (socket.destroyed) throw new Error('the peer is gone');
}

function tooFast(): CofferdamError {
  return new CofferdamError(
    'CONTROL_LIMIT',
    `More than ${CONTROL_LIMITS.maxRequestsPerSecond} requests came in a second on one connection. Ask less often.`,
  );
}
