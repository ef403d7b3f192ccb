import { defineCase } from '../case.ts';
import { expect } from '../expect.ts';
import { copyOf, problemsOf, record } from './journals.ts';

export default defineCase({
  number: 55,
  name: 'two-heads',
  group: 'Audit',
  title: 'two readers are shown two journals',
  async attack(lab) {
    const { path, heads: common } = await record(lab, [1, 2]);
    const second = copyOf(path, lab);
    const { heads: ofFirst } = await record(lab, [3, 4], path);
    const { heads: ofSecond } = await record(lab, [5, 6], second);
    // Each is whole in itself, and has what both have seen.
    for (const shown of [path, second]) expect(problemsOf(shown, common.at(-1))).toEqual([]);
    // Two readers who tell each other their heads find that there are two.
    for (const head of ofFirst) expect(problemsOf(second, head).length, 'the first in the second').toBeGreaterThan(0);
    for (const head of ofSecond) expect(problemsOf(path, head).length, 'the second in the first').toBeGreaterThan(0);
  },
  async twin(lab) {
    // Two readers of one journal, at different times.
    const { path, heads } = await record(lab, [1, 2]);
    const later = await record(lab, [3, 4], path);
    for (const head of [...heads, ...later.heads]) expect(problemsOf(path, head)).toEqual([]);
  },
});
