import type { Arena } from '../arena.ts';
import { defineCase } from '../case.ts';
import { expect } from '../expect.ts';
import { codeOf, nobody } from '../lab.ts';

/** Could run for ever. An inline guest cannot be stopped, so nobody may believe that it will be: the option is refused. */
const looper = {
  wit: 'world guest { export run: func(times: u32) -> u32; }',
  wat: `(module (memory (export "memory") 1) (global $n (mut i32) (i32.const 0))
    (func (export "run") (param i32) (result i32)
      (loop $again
        (global.set $n (i32.add (global.get $n) (i32.const 1)))
        (br_if $again (i32.ne (global.get $n) (local.get 0))))
      (global.get $n)))`,
};
const arena: Arena = { compartments: { looper } };

export default defineCase({
  number: 33,
  name: 'infinite-loop',
  group: 'Resources',
  title: 'a guest runs for ever',
  async attack({ make }) {
    const host = await make(arena);
    for (const deadlineMs of [1, 0, Number.POSITIVE_INFINITY]) {
      expect(await codeOf(() => host.call('looper.run', [1], { ...nobody, deadlineMs }))).toBe('OPTION_UNENFORCEABLE');
    }
    expect(host.compartments()[0]?.instances).toEqual([]); // nothing ran
    const limited = { compartments: { looper: { ...looper, limits: { deadline: '100ms' } } } };
    expect(await codeOf(() => make(limited))).toMatch(/^MANIFEST_/);
  },
  async twin({ make }) {
    const host = await make(arena);
    expect((await host.call('looper.run', [100_000], nobody)).value).toBe(100_000);
  },
});
