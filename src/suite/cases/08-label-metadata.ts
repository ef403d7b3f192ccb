import type { Arena } from '../arena.ts';
import { defineCase } from '../case.ts';
import { expect } from '../expect.ts';
import { acme, codeOf, EVERY, globex, nobody } from '../lab.ts';

/** Returns all that it can find out about itself: its globals as they were made, its memory, how big it is. */
const introspective = {
  wit: 'world guest { export look: func() -> list<u32>; }',
  wat: `(module (memory (export "memory") 1) (table $t 4 funcref) (global $born i32 (i32.const 5))
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable)
    (func (export "look") (result i32)
      (i32.store (i32.const 32) (memory.size)) (i32.store (i32.const 36) (table.size $t)) (i32.store (i32.const 40) (global.get $born))
      (i32.store (i32.const 16) (i32.const 32)) (i32.store (i32.const 20) (i32.const 1024)) (i32.const 16)))`,
  clearance: EVERY,
};
const arena: Arena = { compartments: { introspective } };
/** Asks for what no host offers. */
const nosy = (wit: string, from: string, name: string) => ({
  wit: `${wit} world guest { import ${from}; export go: func() -> u32; }`,
  wat: `(module (import "test:guest/${from}" "${name}" (func $f (result i32))) (memory (export "memory") 1) (func (export "go") (result i32) (call $f)))`,
});

export default defineCase({
  number: 8,
  name: 'label-metadata',
  group: 'Flow',
  title: 'a guest reads labels or counts instances',
  async attack({ make }) {
    const host = await make(arena);
    const looks = [];
    for (const options of [nobody, acme, globex])
      looks.push((await host.call('introspective.look', [], options)).value);
    expect(looks[1]).toEqual(looks[0]);
    expect(looks[2]).toEqual(looks[0]);
    for (const name of ['label', 'instances']) {
      const guest = nosy(`interface host { ${name}: func() -> u32; }`, 'host', name);
      expect(await codeOf(() => make({ compartments: { guest } }))).toBe('LINK_MISSING');
    }
  },
  async twin({ make }) {
    const host = await make(arena);
    await host.call('introspective.look', [], acme);
    await host.call('introspective.look', [], globex);
    const labels = host.compartments().flatMap(({ instances }) => instances.map(({ label }) => label.secrecy));
    expect(labels).toEqual([['customer:acme'], ['customer:globex']]); // the program may know
  },
});
