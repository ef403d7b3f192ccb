/**
 * A host's journal in a process of its own, to be killed. Writes events without end: seven ordinary ones, then a durable one.
 * The numbers of the last appended and the last durable event go to a file, which outlives the process.
 * Arguments: journal, file for the numbers (or `-`).
 */
import { openSync, writeSync } from 'node:fs';
import { openJournal } from '../../src/audit/journal.ts';

const [path = '', numbersPath = '-'] = process.argv.slice(2);
const label = { secrecy: ['customer:acme'], integrity: [] };
const journal = openJournal({ path, clock: Date.now });
const numbers = new BigUint64Array(2);
const file = numbersPath === '-' ? null : openSync(numbersPath, 'w');

function note(at: 0 | 1, seq: number): void {
  numbers[at] = BigInt(seq);
  if (file !== null) writeSync(file, numbers, 0, 16, 0);
}

function round(): void {
  const first = journal.head().seq;
  for (let i = 0; i < 7; i++) {
    note(0, journal.append({ kind: 'output', instance: `a#${first}`, stream: 'stdout', bytes: i }));
  }
  const seq = journal.appendDurable({
    kind: 'write',
    message: null,
    resource: 'webhook',
    instance: `a#${first}`,
    label,
    bytes: 1,
  });
  note(0, seq);
  note(1, seq);
}

round();
process.stdout.write('ready\n');
setInterval(() => {
  for (let i = 0; i < 20; i++) round();
}, 1);
