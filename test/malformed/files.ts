import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { trace, verifyJournal } from '../../src/index.ts';
import { assemble } from '../arena.ts';
import { cofferdamInside, errorCode } from '../cli/support.ts';
import { type Case, load, type Place } from './case.ts';
import { isCode } from './codes.ts';

const GO = '(module (memory (export "memory") 1) (func (export "go") (result i32) (i32.const 1)))';
const GUEST = { wasm: './g.wasm', abi: 'core', wit: { text: 'package a:b; world w { export go: func() -> u32; }' } };
const guest = (place: Place, changes: object = {}, rest: object = {}) => {
  place.write('g.wasm', assemble(GO));
  return load({ version: 1, compartments: { g: { ...GUEST, ...changes } }, ...rest }, place);
};
const journal = (what: string, code: Case[1], content: string | Uint8Array): Case => [
  `a journal: ${what}`,
  code,
  (place) => verifyJournal(place.write('j.db', content)),
];
const SQLITE = Buffer.concat([Buffer.from('SQLite format 3\0'), Buffer.alloc(4080, 0xff)]);

/** Loads once, damages each file that the cache has, and loads again: that is noticed, and made good. */
const cache = (what: string, content: string | Uint8Array): Case => [
  `a cache entry: ${what}`,
  null,
  async (place) => {
    await guest(place);
    const folder = join(place.folder, 'cache');
    const names = readdirSync(folder).filter((name) => name.endsWith('.plan'));
    if (names.length === 0) throw new Error('nothing was cached');
    for (const name of names) writeFileSync(join(folder, name), content);
    await guest(place);
  },
];
const adapter = (what: string, code: Case[1], source: string): Case => [
  `an adapter: ${what}`,
  code,
  (place) => {
    const name = `adapter-${what.replaceAll(/\W+/g, '-')}.mjs`;
    place.write(name, source);
    return guest(place, { abi: 'adapter', adapter: `./${name}` });
  },
];
/** The code that the command line tells. */
const cli = (what: string, code: Case[1], args: (place: Place) => readonly string[]): Case => [
  `the command line: ${what}`,
  code,
  async (place) => {
    const ended = await cofferdamInside([...args(place), '--json']);
    if (ended.code === 0) return;
    isCode(errorCode(ended));
  },
];

export const FILES: readonly Case[] = [
  journal('empty', 'AUDIT_FORMAT', ''),
  journal('text', 'AUDIT_FORMAT', 'not a journal, '.repeat(1000)),
  journal('a database that is none', 'AUDIT_FORMAT', SQLITE),
  ['a journal: none', 'AUDIT_READ', ({ folder }) => verifyJournal(join(folder, 'absent.db'))],
  ['a journal: a folder', 'AUDIT_READ', ({ folder }) => verifyJournal(folder)],
  [
    'a journal: a trace of text',
    'AUDIT_FORMAT',
    (place) => trace(place.write('j.db', 'x'.repeat(9999)), { tag: 'a', direction: 'forward' }),
  ],
  [
    'a journal: a host that is to write into text',
    'AUDIT_FORMAT',
    (place) => {
      place.write('text.db', 'text '.repeat(1000));
      return guest(place, {}, { audit: { path: './text.db' } });
    },
  ],
  [
    'a journal: a host that is to write into a folder',
    'AUDIT_WRITE',
    (place) => {
      mkdirSync(join(place.folder, 'folder.db'), { recursive: true });
      return guest(place, {}, { audit: { path: './folder.db' } });
    },
  ],
  cache('empty', ''),
  cache('text', 'cofferdam-plan 1\nhello'),
  cache('a million zeros', new Uint8Array(1_000_000)),
  cache('another hash', `cofferdam-plan 1\n${'0'.repeat(64)}\n{}`),
  adapter('empty', 'ADAPTER_INVALID', ''),
  adapter('a number', 'ADAPTER_INVALID', 'export default 7;'),
  adapter('null', 'ADAPTER_INVALID', 'export default null;'),
  adapter('without functions', 'ADAPTER_INVALID', 'export default {};'),
  adapter('not JavaScript', 'ADAPTER_INVALID', 'export default {{{'),
  adapter('one that throws', 'ADAPTER_INVALID', 'throw new Error("on purpose");'),
  cli('nothing', 'CLI_USAGE', () => []),
  cli('an unknown command', 'CLI_USAGE', () => ['explode']),
  cli('a manifest that is not there', 'MANIFEST_FILE_MISSING', ({ folder }) => ['check', join(folder, 'absent.yaml')]),
  cli('a manifest of brackets', 'MANIFEST_SYNTAX', (place) => ['check', place.write('bad.yaml', '[[[')]),
  cli('a module that is none', 'WASM_MALFORMED', (place) => ['inspect', place.write('bad.wasm', 'hello world')]),
  cli('a module that is empty', 'WASM_TRUNCATED', (place) => ['inspect', place.write('bad.wasm', '')]),
  cli('a module that is not there', 'LOAD_NOT_FOUND', ({ folder }) => ['inspect', join(folder, 'absent.wasm')]),
  cli('a journal that is none', 'AUDIT_FORMAT', (place) => ['audit', 'verify', place.write('bad.db', SQLITE)]),
  cli('a head that is none', 'CLI_USAGE', (place) => ['audit', 'verify', place.write('bad.db', 'x'), '--head', 'none']),
];
