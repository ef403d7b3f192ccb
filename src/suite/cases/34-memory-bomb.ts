import type { Arena } from '../arena.ts';
import { defineCase } from '../case.ts';
import { expect } from '../expect.ts';
import { acme, codeOf, EVERY, globex, nobody } from '../lab.ts';

/** Takes memory until it gets none, and says how many pages of 64 KiB it has. */
const bomb = (memory: string) => ({
  wit: 'world guest { export grow: func() -> u32; export one: func() -> s32; }',
  wat: `(module (memory (export "memory") ${memory})
    (func (export "grow") (result i32)
      (loop $more (br_if $more (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))) (memory.size))
    (func (export "one") (result i32) (memory.grow (i32.const 1))))`,
});
const arena = (memory: string, limit: string): Arena => ({
  compartments: { bomb: { ...bomb(memory), limits: { memory: limit } } },
});

export default defineCase({
  number: 34,
  name: 'memory-bomb',
  group: 'Resources',
  title: 'a guest takes all memory',
  async attack({ make, enclave }) {
    for (const declared of ['1', '1 65536', '1 16']) {
      const host = await make(arena(declared, '1MiB'));
      expect((await host.call('bomb.grow', [], nobody)).value).toBe(16);
      expect(host.compartments()[0]?.instances[0]?.memoryBytes).toBe(enclave ? null : 2 ** 20);
    }
    expect(await codeOf(() => make(arena('17', '1MiB')))).toBe('LIMIT_MEMORY_INITIAL');
    // By many labels: the third would be more than all may have.
    const many = { ...bomb('1'), limits: { memory: '1MiB' }, clearance: EVERY };
    const host = await make({ compartments: { bomb: many }, limits: { memory: '2MiB' } });
    await host.call('bomb.grow', [], acme);
    await host.call('bomb.one', [], globex);
    expect(await codeOf(() => host.call('bomb.one', [], nobody))).toBe('LIMIT_HOST_MEMORY');
  },
  async twin({ make }) {
    const host = await make(arena('15', '1MiB'));
    expect((await host.call('bomb.one', [], nobody)).value).toBe(15); // there were 15, and the 16th was to be had
    expect((await host.call('bomb.one', [], nobody)).value).toBe(-1);
  },
});
