import { lstatSync, readdirSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { CofferdamError } from '../../error.ts';
import { assertPrivate, controlFolder } from './folder.ts';
import { CONTROL_LIMITS } from './limits.ts';
import { readLines } from './lines.ts';
import {
  type ControlRequest,
  type HostStatus,
  lineOf,
  malformed,
  parseAnswer,
  parseTransition,
  statusSchema,
} from './protocol.ts';

/** A host of this user that runs. */
export interface RunningHost {
  /** Of its control socket. */
  readonly path: string;
  readonly status: HostStatus;
}

/** A socket under another name is being made; one that is older than this was left by a host that was killed. */
const DRAFT_MS = 10_000;

/** Asks one host for one thing. Throws what it answers, CONTROL_UNREACHABLE. */
export async function ask(path: string, request: Exclude<ControlRequest, { do: 'watch' }>): Promise<unknown> {
  const socket = await open(path);
  const timer = setTimeout(() => socket.destroy(), CONTROL_LIMITS.answerMs);
  try {
    socket.write(lineOf(request));
    for await (const line of readLines(socket, CONTROL_LIMITS.maxAnswerBytes)) return parseAnswer(line);
  } catch (error) {
    throw error instanceof CofferdamError ? error : unreachable(path, error);
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
  throw unreachable(path);
}

/** Transitions of a host until it closes. Throws CONTROL_UNREACHABLE. */
export async function* follow(path: string) {
  const socket = await open(path);
  try {
    socket.write(lineOf({ do: 'watch' }));
    let isFirst = true;
    for await (const line of readLines(socket, CONTROL_LIMITS.maxAnswerBytes)) {
      if (isFirst) parseAnswer(line);
      else yield parseTransition(line);
      isFirst = false;
    }
  } finally {
    socket.destroy();
  }
}

/** Throws CONTROL_UNREACHABLE. */
export async function statusAt(path: string): Promise<HostStatus> {
  const parsed = statusSchema.safeParse(await ask(path, { do: 'status' }));
  if (parsed.success) return parsed.data;
  throw malformed('the status of the host has another shape, so it runs another version');
}

/** All hosts of this user that have `control: true`. Takes away the sockets of hosts that were killed. */
export async function findHosts(): Promise<readonly RunningHost[]> {
  const folder = controlFolder();
  if (lstatSync(folder, { throwIfNoEntry: false }) === undefined) return [];
  assertPrivate(folder);
  const found: RunningHost[] = [];
  for (const name of readdirSync(folder).sort()) {
    const path = join(folder, name);
    const status = lstatSync(path, { throwIfNoEntry: false });
    if (status?.isSocket() !== true) continue;
    const isDraft = name.startsWith('.');
    if (isDraft && Date.now() - status.mtimeMs < DRAFT_MS) continue;
    if (!(await isAnswered(path))) rmSync(path, { force: true });
    else if (!isDraft) {
      // One that closes just now is no host any more.
      const answered = await statusAt(path).catch(() => null);
      if (answered) found.push({ path, status: answered });
    }
  }
  return found;
}

/** Does somebody listen there? */
export async function isAnswered(path: string): Promise<boolean> {
  try {
    (await open(path)).destroy();
    return true;
  } catch {
    return false;
  }
}

function open(path: string): Promise<Socket> {
  return new Promise((done, fail) => {
    const socket = connect(path);
    socket.once('error', (cause) => fail(unreachable(path, cause)));
    socket.once('connect', () => done(socket));
  });
}

function unreachable(path: string, cause?: unknown): CofferdamError {
  return new CofferdamError(
    'CONTROL_UNREACHABLE',
    `No host answers at ${path}. \`cofferdam ps\` lists those that run.`,
    {
      cause,
      details: { path },
    },
  );
}
