import { exportEvents, queryEvents } from '../../index.ts';
import { defineCase } from '../case.ts';
import { expect } from '../expect.ts';
import { batchesOf, copyOf, problemsOf, record, tamper } from './journals.ts';

export default defineCase({
  number: 53,
  name: 'edited-record',
  group: 'Audit',
  title: 'what is recorded is changed',
  async attack(lab) {
    const { path } = await record(lab, [1, 2, 3, 4]);
    const batches = batchesOf(path);
    for (const [i, { first, payload }] of batches.entries()) {
      const copy = copyOf(path, lab);
      const edited = Uint8Array.from(payload);
      const at = (lab.seed + i) % edited.length;
      edited[at] = (edited[at] ?? 0) ^ (1 << (lab.seed % 8));
      tamper(copy, 'UPDATE batches SET payload = ? WHERE first_seq = ?', edited, first);
      expect(problemsOf(copy), `byte ${at} of the batch of ${first}`).toContain('edited');
    }
    // By records that are good in themselves: those of another journal.
    const other = batchesOf((await record(lab, [5, 6, 7, 8])).path).at(-1);
    const copy = copyOf(path, lab);
    tamper(
      copy,
      'UPDATE batches SET payload = ? WHERE first_seq = ?',
      other?.payload ?? payloadless(),
      other?.first ?? 0,
    );
    expect(problemsOf(copy)).toContain('edited');
  },
  async twin(lab) {
    const { path, heads } = await record(lab, [1, 2, 3, 4]);
    const copy = copyOf(path, lab);
    for (const read of [path, copy]) {
      expect([...queryEvents(read, { kinds: ['write'] })]).toHaveLength(4);
      expect([...exportEvents(read)].length).toBeGreaterThan(4);
      expect(problemsOf(read, heads.at(-1))).toEqual([]);
    }
  },
});

function payloadless(): never {
  throw new Error('the other journal is empty');
}
