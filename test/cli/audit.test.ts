import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { createHost, openJournal } from '../../src/index.ts';
import { cofferdam, cofferdamInside, errorCode, makeFolder, makeStarter } from './support.ts';

/** A starter that greeted acme and refused staff. */
async function makeJournal(): Promise<{ manifest: string; journal: string; head: string }> {
  const manifest = makeStarter();
  await using host = await createHost(manifest);
  await host.call('greet.greet', ['Ada'], { label: { secrecy: ['customer:acme'] } });
  await host.call('greet.greet', ['Ada'], { label: { secrecy: ['staff'] } }).catch(() => undefined);
  const { seq, hash } = host.checkpoint();
  return { manifest, journal: join(manifest, '../.cofferdam/audit.db'), head: `${seq}:${hash}` };
}

describe('audit', () => {
  it('verify runs through a head that was kept, for the journal and for its manifest', async () => {
    const { manifest, journal, head } = await makeJournal();
    const text = await cofferdam(['audit', 'verify', journal, '--head', head]);
    expect([text.code, text.stderr]).toEqual([0, '']);
    expect(text.stdout).toMatch(/^intact: \d+ events in \d+ batches\nhead \d+:[0-9a-f]{64}\n$/);
    const json = await cofferdamInside(['audit', 'verify', manifest, '--json']);
    expect(JSON.parse(json.stdout)).toMatchObject({ ok: true, problems: [] });
  });

  it('verify exits with 1 after an edit', async () => {
    const { journal } = await makeJournal();
    const database = new DatabaseSync(journal);
    database.exec('UPDATE batches SET payload = zeroblob(length(payload)) WHERE first_seq = 1');
    database.close();
    const ended = await cofferdam(['audit', 'verify', journal, '--json']);
    expect([ended.code, ended.stderr]).toEqual([1, '']);
    expect(JSON.parse(ended.stdout)).toMatchObject({ ok: false, problems: [{ kind: 'edited', at: 1 }] });
  });

  it('denials, gates, trace and export answer', async () => {
    const { manifest } = await makeJournal();
    const denials = await cofferdamInside(['audit', 'denials', manifest, '--json']);
    expect(JSON.parse(denials.stdout)).toMatchObject([{ kind: 'denied', to: 'greet', tags: ['staff'] }]);
    const others = await cofferdamInside(['audit', 'denials', manifest, '--tag', 'customer:acme', '--json']);
    expect(JSON.parse(others.stdout)).toEqual([]);
    const gates = await cofferdamInside(['audit', 'gates', manifest]);
    expect([gates.code, gates.stdout]).toEqual([0, 'No gate was used.\n']);
    const trace = await cofferdamInside(['audit', 'trace', manifest, '--tag', 'customer:acme', '--json']);
    expect(JSON.parse(trace.stdout)).toMatchObject({ direction: 'forward', truncated: false });
    const back = await cofferdamInside(['audit', 'trace', manifest, '--message', '1', '--direction', 'backward']);
    expect([back.code, back.stdout.split('\n').length > 1]).toEqual([0, true]);
    const lines = await cofferdamInside(['audit', 'export', manifest, '--kind', 'load', 'denied']);
    expect(
      lines.stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line).kind),
    ).toEqual(['load', 'denied']);
    const csv = await cofferdamInside(['audit', 'export', manifest, '--format', 'csv']);
    expect(csv.stdout).toMatch(/^seq,timeMs,kind,/);
  });

  const failures: readonly (readonly [string, () => string, string])[] = [
    ['no file', () => 'no-such.db', 'CLI_FILE'],
    ['a manifest without a journal', makeManifestWithoutJournal, 'CLI_JOURNAL'],
    ['a database that is no journal', makeOtherDatabase, 'AUDIT_FORMAT'],
    ['a file that is neither', () => 'README.md', 'MANIFEST_SYNTAX'],
  ];
  it.for(failures)('%s is refused', async ([, makePath, code]) => {
    const ended = await cofferdamInside(['audit', 'verify', makePath(), '--json']);
    expect([ended.code, ended.stdout, errorCode(ended)]).toEqual([1, '', code]);
  });

  it('a trace that begins nowhere is refused', async () => {
    const { journal } = await makeJournal();
    const ended = await cofferdamInside(['audit', 'trace', journal, '--json']);
    expect([ended.code, errorCode(ended)]).toEqual([1, 'AUDIT_QUERY']);
  });
});

describe('a closed pipe', () => {
  it('ends a long export quietly and soon', async () => {
    const journal = join(makeFolder(), 'audit.db');
    const writer = openJournal({ path: journal, clock: Date.now });
    for (let i = 0; i < 50_000; i++) writer.append({ kind: 'limit', subject: 'x', limit: 'queue', amount: i });
    writer.close();
    const main = join(import.meta.dirname, '../../src/cli/main.ts');
    const child = spawn(process.execPath, [main, 'audit', 'export', journal], { stdio: ['ignore', 'pipe', 'pipe'] });
    let stderr = '';
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    await once(child.stdout, 'data');
    child.stdout.destroy();
    const [code] = await once(child, 'close');
    expect([code, stderr]).toEqual([0, '']);
  });
});

function makeOtherDatabase(): string {
  const file = join(makeFolder(), 'other.db');
  const database = new DatabaseSync(file);
  database.exec('CREATE TABLE things (name TEXT)');
  database.close();
  return file;
}

function makeManifestWithoutJournal(): string {
  const file = join(makeFolder(), 'manifest.json');
  writeFileSync(file, JSON.stringify({ version: 1, compartments: {} }));
  return file;
}
