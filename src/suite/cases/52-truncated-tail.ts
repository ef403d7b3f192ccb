import { cpSync } from 'node:fs';
import { defineCase } from '../case.ts';
import { expect } from '../expect.ts';
import { codeOf } from '../lab.ts';
import { batchesOf, copyOf, keep, problemsOf, record, releases, tamper } from './journals.ts';

export default defineCase({
  number: 52,
  name: 'truncated-tail',
  group: 'Audit',
  title: 'the end of the journal is cut off',
  async attack(lab) {
    const { path } = await record(lab, [1, 2, 3]);
    const older = copyOf(path, lab);
    const { heads } = await record(lab, [4, 5, 6], path);
    const last = batchesOf(path).at(-1)?.first ?? 0;
    for (const cut of [`first_seq >= ${last}`, 'first_seq > 3', 'true']) {
      const copy = copyOf(path, lab);
      tamper(copy, `DELETE FROM batches WHERE ${cut}`);
      expect(problemsOf(copy), cut).toEqual(['cut']);
      // No host hides it by writing on.
      expect(await codeOf(() => lab.make(releases(copy), keep())), cut).toBe('AUDIT_BROKEN');
    }
    // An older copy of everything is whole in itself; who kept a head knows better.
    for (const suffix of ['', '.head']) cpSync(older + suffix, path + suffix);
    expect(problemsOf(path, heads.at(-1))).toEqual(['cut']);
    expect(problemsOf(path, heads[0])).toEqual(['cut']);
  },
  async twin(lab) {
    const { path, heads } = await record(lab, [1, 2, 3]);
    const later = await record(lab, [4, 5, 6], path);
    for (const head of [undefined, ...heads, ...later.heads]) expect(problemsOf(path, head)).toEqual([]);
  },
});
