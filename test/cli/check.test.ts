import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cofferdam, cofferdamInside, errorCode, makeFolder } from './support.ts';

const DESK = join(import.meta.dirname, '../../examples/support-desk/cofferdam.yaml');

describe('check', () => {
  it('says yes to the support desk, in every format', async () => {
    const text = await cofferdam(['check', DESK]);
    expect([text.code, text.stderr]).toEqual([0, '']);
    const json = await cofferdamInside(['check', DESK, '--json']);
    expect(JSON.parse(json.stdout)).toMatchObject({ ok: true, forbidViolations: [] });
    const mermaid = await cofferdamInside(['check', DESK, '--format', 'mermaid']);
    expect(mermaid.stdout).toMatch(/^flowchart LR\n/);
    const dot = await cofferdamInside(['check', DESK, '--format', 'dot']);
    expect(dot.stdout).toMatch(/^digraph /);
  });

  it('names the one way out, through the gate; and without its declassify there is none', async () => {
    const question = ['--why', 'customer:acme', 'webhook'];
    const { code, stdout } = await cofferdamInside(['check', DESK, ...question, '--json']);
    expect(code).toBe(0);
    const { ways } = JSON.parse(stdout) as { ways: { gate: string | null; removed: string[] }[][] };
    expect(ways).toHaveLength(1);
    expect(ways[0]?.flatMap(({ gate }) => gate ?? [])).toEqual(['redact.redact']);
    const closed = await cofferdamInside(['check', withoutGate(), ...question, '--no-types', '--json']);
    expect(JSON.parse(closed.stdout)).toMatchObject({ ways: [] });
  });

  it('exits with 1 when a forbid rule can be broken, and shows how', async () => {
    const manifest = edited((text) => text.replace(' except redact', ''));
    const ended = await cofferdam(['check', manifest, '--no-types', '--json']);
    expect([ended.code, ended.stderr]).toEqual([1, '']);
    expect(JSON.parse(ended.stdout)).toMatchObject({
      ok: false,
      forbidViolations: [{ rule: 'customer:* -> webhook' }],
    });
  });

  it('reports every problem of a manifest with its place', async () => {
    const manifest = edited((text) => text.replace('links:', 'lynks:').replace('abi: assemblyscript', 'abi: cobol'));
    const text = await cofferdam(['check', manifest]);
    expect([text.code, text.stdout]).toEqual([1, '']);
    expect(text.stderr).toMatch(/^error MANIFEST_VALUE: .*manifest\.yaml:\d+:\d+: /);
    expect(text.stderr).toMatch(/\nerror MANIFEST_UNKNOWN_KEY: /);
    const json = await cofferdamInside(['check', manifest, '--json']);
    expect(json.code).toBe(1);
    expect(JSON.parse(json.stderr).error.details.problems.length).toBeGreaterThan(1);
  });

  it('refuses a question about a tag that does not exist', async () => {
    const ended = await cofferdamInside(['check', DESK, '--no-types', '--json', '--why', 'nobody', 'webhook']);
    expect([ended.code, errorCode(ended)]).toEqual([1, 'CHECK_QUESTION']);
  });
});

/** A copy of the desk's manifest whose paths still lead to its files. */
function edited(edit: (text: string) => string): string {
  const file = join(makeFolder(), 'manifest.yaml');
  const folder = join(import.meta.dirname, '../../');
  const text = readFileSync(DESK, 'utf8')
    .replaceAll('../../', folder)
    .replaceAll('./adapters', join(DESK, '../adapters'))
    .replaceAll('./tickets', join(DESK, '../tickets'))
    .replaceAll('npm:', join(folder, 'node_modules/'));
  writeFileSync(file, edit(text));
  return file;
}

function withoutGate(): string {
  return edited((text) => text.replace(/ {4}gates:\n {6}redact:\n {8}declassify: .*\n {8}budget: .*\n/, ''));
}
