import { defineCase } from '../case.ts';
import { expect } from '../expect.ts';
import { batchesOf, copyOf, problemsOf, record, tamper } from './journals.ts';

const COLUMNS = 'count, prev_hash, hash, format, payload';

export default defineCase({
  number: 54,
  name: 'reordered-batch',
  group: 'Audit',
  title: 'a part of the journal is dropped, moved, or there twice',
  async attack(lab) {
    const { path } = await record(lab, [1, 2, 3, 4, 5]);
    const [start = 0, one = 0, , other = 0] = batchesOf(path).map(({ first }) => first);
    const end = batchesOf(path).at(-1)?.first ?? 0;
    for (const [problem, sql] of [
      ['missing', `DELETE FROM batches WHERE first_seq = ${start}`],
      ['missing', `DELETE FROM batches WHERE first_seq = ${one}`],
      [
        'reordered',
        `UPDATE batches SET first_seq = 100000 WHERE first_seq = ${one};
         UPDATE batches SET first_seq = ${one} WHERE first_seq = ${other};
         UPDATE batches SET first_seq = ${other} WHERE first_seq = 100000`,
      ],
      ['reordered', `INSERT INTO batches SELECT ${end + 100}, ${COLUMNS} FROM batches WHERE first_seq = ${one}`],
    ] as const) {
      const copy = copyOf(path, lab);
      tamper(copy, sql);
      expect(problemsOf(copy), sql).toContain(problem);
    }
  },
  async twin(lab) {
    const { path } = await record(lab, [1, 2]);
    await record(lab, [3, 4], path); // by another host: one journal
    const { heads } = await record(lab, [5], path);
    expect(problemsOf(path, heads.at(-1))).toEqual([]);
  },
});
