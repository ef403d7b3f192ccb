import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EQUIVALENT, isSame } from '../scripts/mutation/equivalent.ts';
import { applied, mutantsOf } from '../scripts/mutation/mutants.ts';
import { TARGETS } from '../scripts/mutation/targets.ts';

/* `npm run mutation` takes hours; here is what keeps it honest: its operators, its targets, and its list of excuses. */

const ROOT = join(import.meta.dirname, '..');
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');
const changed = (text: string) => mutantsOf('x.ts', text).map((mutant) => applied(text, mutant));

describe('mutants', () => {
  it.each([
    ['a condition', 'if (a) b;', ['if (true) b;', 'if (false) b;']],
    ['a comparison', 'const x = a <= b;', ['const x = a < b;']],
    ['a comparison in a text', 'const x = `a >= b`;', ['const x = `a > b`;']],
    ['an opcode', "emit('i32.ge_u');", [';', "emit('i32.gt_u');"]],
    ['both of two demands', 'const x = a && b;', ['const x = a;', 'const x = b;']],
    ['a denial', 'const x = !a;', ['const x = a;']],
    ['a choice', 'const x = a ? b : c;', ['const x = b;', 'const x = c;']],
    ['a record', 'this.recorder.written(a);', [';']],
    ['a filter', 'const x = a.filter(f);', ['const x = a;']],
    ['a quantifier', 'const x = a.every(f);', ['const x = a.some(f);']],
    ['a row of a table', 'const x = [{ a: 1 }, { b: 2 }];', ['const x = [ { b: 2 }];', 'const x = [{ a: 1 }, ];']],
    ['a sum', 'const x = a + 1;', ['const x = a;']],
    ['a flag', 'f(true);', [';', 'f(false);']],
  ])('take away %s', (_, text, expected) => {
    expect([...changed(text)].sort()).toEqual([...expected].sort());
  });

  it('leave types and what errors say alone', () => {
    expect(changed("type A = 'b' | 'c'; throw new AnError(a ? 'b' : 'c');")).toEqual([]);
  });
});

describe('the targets', () => {
  it.each(Object.entries(TARGETS))('%s are files that there are, with mutants, and tests for them', (_, target) => {
    for (const test of target.tests) expect(existsSync(join(ROOT, test)), test).toBe(true);
    for (const file of target.files) expect(mutantsOf(file, read(file)).length, file).toBeGreaterThan(0);
  });
});

describe('each mutant that is said to be equivalent', () => {
  it.each(EQUIVALENT)('is one of the present source, with a reason: $file $mutant', (entry) => {
    expect(mutantsOf(entry.file, read(entry.file)).filter((mutant) => isSame(entry, mutant))).not.toEqual([]);
    expect(entry.reason.length).toBeGreaterThan(40);
  });
});
