import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHost, type Host, isCofferdamError } from '../src/index.ts';
import { type Case, makePlace, type Place, TYPES_WASM, TYPES_WIT } from './malformed/case.ts';
import { FILES } from './malformed/files.ts';
import { MANIFESTS } from './malformed/manifests.ts';
import { MESSAGES } from './malformed/messages.ts';
import { MODULES, WITS } from './malformed/modules.ts';

const CASE_LIMIT_MS = 5000;
const CASES: readonly Case[] = [...MANIFESTS, ...MODULES, ...WITS, ...MESSAGES, ...FILES];

const outer = process.env.TMPDIR;
const root = mkdtempSync(join(tmpdir(), 'cofferdam-malformed-'));
let place: Place;
let host: Host | undefined;
let before: readonly string[];

/** Handles and requests that keep a process alive: workers, children, sockets, files. */
const resources = () =>
  process
    .getActiveResourcesInfo()
    .filter((kind) => !/Timeout|Immediate|FSReq/.test(kind))
    .sort();

beforeAll(async () => {
  process.env.TMPDIR = join(root, 'tmp'); // what anybody makes there is seen
  const folder = mkdtempSync(join(root, 'files-'));
  writeFileSync(join(folder, 'types.wasm'), TYPES_WASM());
  const types = { wasm: './types.wasm', abi: 'core', wit: { text: TYPES_WIT, world: 'guest' } };
  const tags = { 'customer:*': { kind: 'secrecy', owner: 'desk' } };
  const manifest = { version: 1, principals: { desk: {} }, tags, compartments: { types } };
  host = await createHost(manifest, { baseDir: folder, cacheDir: join(folder, 'cache') });
  place = makePlace(folder, host);
  place.write('good.wasm', Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]));
  before = resources();
});

afterAll(async () => {
  await host?.close();
  process.env.TMPDIR = outer;
  if (outer === undefined) delete process.env.TMPDIR;
  rmSync(root, { recursive: true });
});

describe('malformed input', () => {
  it.each(CASES)('%s', { timeout: CASE_LIMIT_MS }, async (_, code, meet) => {
    let met: string | null = null;
    try {
      await meet(place);
    } catch (error) {
      if (!isCofferdamError(error)) throw error;
      met = error.code;
    }
    expect(met).toBe(code);
  });

  it('is met in more than a hundred forms', () => {
    expect(CASES.length).toBeGreaterThan(100);
    expect(new Set(CASES.map(([what]) => what)).size).toBe(CASES.length);
  });

  it('leaves the host as it was, and no process, worker or file behind', async () => {
    expect(await host?.call('types.two', [1, 2], { label: {} })).toMatchObject({ label: { secrecy: [] } });
    await expect.poll(resources, { timeout: 2000 }).toEqual(before);
    expect(readdirSync(root).filter((name) => name === 'tmp')).toEqual([]);
    expect(readdirSync(join(place.folder, 'cache')).filter((name) => !/^[0-9a-f]{64}\.plan$/.test(name))).toEqual([]);
  });
});
