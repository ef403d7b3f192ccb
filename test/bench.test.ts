import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';

const RUN = join(import.meta.dirname, '../bench/run.ts');
const execute = promisify(execFile);

const subject = { id: z.string(), subject: z.string() };
const figures = z.strictObject({
  machine: z.strictObject({ cpu: z.string(), cores: z.int().positive(), memoryGiB: z.number(), os: z.string() }),
  versions: z.record(z.string(), z.string().nullable()),
  rows: z.array(
    z.strictObject({
      ...subject,
      unit: z.enum(['ns', 'us', 'ms', 'KiB']),
      p50: z.number().positive(),
      p99: z.number().positive(),
      best: z.number().positive(),
    }),
  ),
  missing: z.array(z.strictObject({ ...subject, kind: z.enum(['missing', 'failed']), reason: z.string() })),
  targets: z.array(
    z.strictObject({
      id: z.string(),
      target: z.string(),
      isMet: z.boolean().nullable(),
      timesBound: z.number().nullable(),
    }),
  ),
});

let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cofferdam-bench-test-'));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Times are not looked at: a test's machine has other things to do. */
describe('the benchmark', () => {
  it('measures a row and writes its figures, whether or not the peers are installed', async () => {
    const file = join(folder, 'figures.json');
    const args = [RUN, '--rows', '^call.scalar.inline$', '--quick', '--no-install', '--json', file];
    const { stdout } = await execute(process.execPath, args);
    const { rows, missing, targets } = figures.parse(JSON.parse(readFileSync(file, 'utf8')));
    const measured = rows.map((row) => row.subject);
    const absent = missing.map((row) => row.subject);
    expect(measured).toEqual(expect.arrayContaining(['cofferdam', 'direct-wasm', 'js-thunk', 'jco-1.35-linked']));
    expect([...measured, ...absent].sort()).toEqual([
      'cofferdam',
      'direct-wasm',
      'jco-1.10-composed',
      'jco-1.10-linked',
      'jco-1.35-composed',
      'jco-1.35-linked',
      'js-thunk',
    ]);
    expect(missing.filter(({ reason }) => reason !== 'not installed')).toEqual([]);
    expect(rows.filter(({ best, p50, p99 }) => best > p50 || p50 > p99)).toEqual([]);
    expect(targets.map(({ id }) => id)).toEqual(['call.scalar.inline', 'call.scalar.inline']);
    for (const { subject: name, reason } of missing) expect(stdout).toMatch(new RegExp(`${name} +${reason}`));
  });

  it('names the rows there are when none matches', async () => {
    const failure = await execute(process.execPath, [RUN, '--rows', 'no-such-row']).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 2, stderr: expect.stringContaining('journal.verify') });
  });
});
