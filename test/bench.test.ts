import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { benchJsonSchema } from '../scripts/schema.ts';
import { figuresSchema } from '../src/bench/figures.ts';
import { cofferdam, cofferdamInside } from './cli/support.ts';

let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cofferdam-bench-test-'));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Times are not looked at: a test's machine has other things to do. */
describe('the benchmark', () => {
  it('measures a row and writes its figures, whether or not the peers are installed', async () => {
    const file = join(folder, 'figures.json');
    const args = ['bench', '--rows', '^call.scalar.inline$', '--quick', '--no-install', '--json', file];
    const { code, stdout, stderr } = await cofferdam(args);
    expect([code, stderr]).toEqual([0, '']);
    const { rows, missing, targets } = figuresSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
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
    expect(missing.filter(({ reason }) => reason !== 'not installed (leave out --no-install)')).toEqual([]);
    expect(rows.filter(({ best, q1, p50, q3, p99 }) => best > q1 || q1 > p50 || p50 > q3 || q3 > p99)).toEqual([]);
    expect(rows.filter(({ rounds, samples }) => rounds.length !== 2 || samples !== 6)).toEqual([]);
    expect(targets.map(({ id }) => id)).toEqual(['call.scalar.inline', 'call.scalar.inline']);
    for (const { subject: name } of missing) expect(stdout).toMatch(new RegExp(`${name} +not installed`));
  });

  it('names the rows and the peers there are when none matches', async () => {
    const failure = await cofferdamInside(['bench', '--rows', 'no-such-row']);
    expect(failure).toMatchObject({ code: 2, stderr: expect.stringContaining('journal.verify') });
    const peer = await cofferdamInside(['bench', '--peers', 'nobody']);
    expect(peer).toMatchObject({ code: 2, stderr: expect.stringContaining('direct-wasm') });
    expect((await cofferdamInside(['bench', '--rows', '('])).stderr).toContain('BENCH_ROWS');
  });

  it('publishes the schema of its figures as it is', () => {
    expect(readFileSync(new URL('../schema/bench.schema.json', import.meta.url), 'utf8')).toBe(benchJsonSchema());
  });
});
