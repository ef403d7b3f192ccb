import { cpSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type Host, type HostOptions, verifyJournal } from '../../index.ts';
import type { Arena } from '../arena.ts';
import { acme, EVERY, type Lab } from '../lab.ts';

/** Releases what it is told, and keeps what it is told to keep. */
const gate = {
  wit: 'world guest { import out: func(n: u32); export send: func(n: u32); export keep: func(n: u32); }',
  wat: `(module (import "$root" "out" (func $out (param i32))) (memory (export "memory") 1)
    (func (export "send") (param i32) (call $out (local.get 0))) (func (export "keep") (param i32)))`,
  clearance: EVERY,
  grants: ['customer:*-'],
  resources: ['sink'],
};

/** Each `gate.send` is a release, which is recorded before it happens. */
export const releases = (journal = './audit.db'): Arena => ({
  compartments: { gate },
  links: [{ from: 'gate', import: 'out', to: 'sink', declassify: ['customer:*'] }],
  resources: { sink: { function: true } },
  audit: { path: journal },
});

interface Recorded {
  readonly path: string;
  /** Where the journal ended after each release. */
  readonly heads: readonly ReturnType<Host['checkpoint']>[];
}

/** The journal of a host that released these numbers and closed; with `journal`, one that goes on with it. */
export async function record({ make, folder }: Lab, numbers: readonly number[], journal?: string): Promise<Recorded> {
  const path = journal ?? join(folder(), 'audit.db');
  const host = await make(releases(path), keep());
  const heads = [];
  for (const n of numbers) {
    await host.call('gate.send', [n], acme);
    heads.push(host.checkpoint());
  }
  await host.close();
  return { path, heads };
}

/** A resource that takes everything. */
export function keep(): HostOptions {
  return { resources: { sink: () => undefined } };
}

/** A copy of a closed journal, head and all, in a folder of its own. */
export function copyOf(path: string, { folder }: Pick<Lab, 'folder'>): string {
  const copy = join(folder(), 'copy');
  mkdirSync(copy);
  cpSync(dirname(path), copy, { recursive: true });
  return join(copy, 'audit.db');
}

/** What somebody does who can write the file. `?` in the SQL stands for the values. */
export function tamper(path: string, sql: string, ...values: readonly (number | Uint8Array)[]): void {
  const database = new DatabaseSync(path);
  try {
    if (values.length === 0) database.exec(sql);
    else database.prepare(sql).run(...values);
  } finally {
    database.close();
  }
}

/** The first event and the payload of each batch. */
export function batchesOf(path: string): readonly { readonly first: number; readonly payload: Uint8Array }[] {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    const rows = database.prepare('SELECT first_seq, payload FROM batches ORDER BY first_seq').all();
    return rows.map((row) => ({ first: Number(row.first_seq), payload: row.payload as Uint8Array }));
  } finally {
    database.close();
  }
}

/** The kinds of what a reader finds wrong, once each. */
export function problemsOf(path: string, known?: Recorded['heads'][number]): readonly string[] {
  const { problems } = verifyJournal(path, known === undefined ? {} : { expect: known });
  return [...new Set(problems.map(({ kind }) => kind))].sort();
}
