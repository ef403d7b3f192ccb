import { defineCase } from '../case.ts';
import { expect } from '../expect.ts';
import { codeOf, nobody } from '../lab.ts';

const guest = (module: string) => ({
  wit: 'world guest { export go: func() -> u32; }',
  wat: `(module ${module} (func (export "go") (result i32) (i32.const 7)))`,
});
/** What two guests would need to share state without the broker. */
const WISHES = [
  '(import "env" "memory" (memory 1))',
  '(import "env" "memory" (memory 1 2 shared))',
  '(import "env" "table" (table 1 funcref))',
  '(import "env" "__stack_pointer" (global (mut i32)))',
  '(import "env" "base" (global i32))',
  '(import "other" "memory" (memory 1))',
  '(import "$root" "memory" (memory 1))',
  '(import "env" "tag" (tag))',
];

export default defineCase({
  number: 25,
  name: 'shared-state-import',
  group: 'Memory and Wasm',
  title: 'a module imports memory, a table or a global of another',
  async attack({ make }) {
    for (const wish of WISHES) {
      const code = await codeOf(() => make({ compartments: { guest: guest(wish) } }));
      expect(code, wish).toMatch(/^(WASM_IMPORT_UNKNOWN|LIMIT_SHARED|WASM_UNSUPPORTED)$/);
    }
    // A shared memory of its own could outlive the call in another thread.
    const shared = guest('(memory (export "memory") 1 2 shared)');
    expect(await codeOf(() => make({ compartments: { guest: shared } }))).toMatch(/^(LIMIT_SHARED|WASM_SIGNATURE)$/);
  },
  async twin({ make }) {
    const own = '(memory (export "memory") 1) (table 1 funcref) (global (mut i32) (i32.const 0))';
    const host = await make({ compartments: { guest: guest(own) } });
    expect((await host.call('guest.go', [], nobody)).value).toBe(7);
  },
});
