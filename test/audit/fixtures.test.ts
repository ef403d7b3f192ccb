import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { EVENT_KINDS } from '../../src/audit/format.ts';
import { openJournal } from '../../src/audit/journal.ts';
import { verifyJournal } from '../../src/audit/verify.ts';
import { call, readAll, testClock } from './support.ts';

const FIXTURES = join(import.meta.dirname, '..', 'fixtures', 'journals');

/**
 * Journals as earlier builds wrote them, one per payload format, never made again. `v1`: two runs, seven batches, at least one event of
 * every kind and some odd names; `events.jsonl` is what was given to the journal. `v2`: three runs, with ports and crossings, too. `v3`: that
 * journal continued with its own events once more and each act of an operator. `v4`: that one again, with each act about an enclave.
 */
const VERSIONS = [
  {
    name: 'v1',
    head: { seq: 24, hash: 'b2684952489dacff94bf5063a798caa70ff75ebc45e316caa71ba581f3fd8964' },
    laterKinds: ['port', 'calls', 'operate', 'attest'],
  },
  {
    name: 'v2',
    head: { seq: 34, hash: '13744bcbae0a0d328b36592553683cb2f53216a085e59413156c07ed98af6423' },
    laterKinds: ['operate', 'attest'],
  },
  {
    name: 'v3',
    head: { seq: 69, hash: '4076668412ad19613aa9637a514e8bbadc520d007e3601c6fa26e82d43f55a76' },
    laterKinds: ['attest'],
  },
  {
    name: 'v4',
    head: { seq: 121, hash: '3f30b50c16b21fa4c08d3591426214b92d784437e039f94d551a623cf8e3c249' },
    laterKinds: [],
  },
];

function copyOf(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'cofferdam-fixture-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  cpSync(join(FIXTURES, name), folder, { recursive: true });
  return join(folder, 'audit.db');
}

test.each(VERSIONS)('journal $name verifies, reads as it was written, and can be added to', ({
  name,
  head,
  laterKinds,
}) => {
  const path = copyOf(name);
  expect(verifyJournal(path, { expect: head })).toMatchObject({ ok: true, head });
  const lines = readFileSync(join(FIXTURES, name, 'events.jsonl'), 'utf8')
    .trimEnd()
    .split('\n');
  const events = readAll(path);
  expect(events).toEqual(lines.map((line) => JSON.parse(line)));
  const kinds = new Set<string>(EVENT_KINDS);
  for (const kind of laterKinds) kinds.delete(kind);
  expect(new Set(events.map(({ kind }) => kind))).toEqual(kinds);
  using journal = openJournal({ path, clock: testClock() });
  expect(journal.appendDurable(call(1))).toBe(head.seq + 1);
  expect(verifyJournal(path, { expect: head }).ok).toBe(true);
});
