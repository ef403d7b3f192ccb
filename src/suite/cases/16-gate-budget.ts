import { ALLOCATOR, type Arena } from '../arena.ts';
import { defineCase } from '../case.ts';
import { expect } from '../expect.ts';
import { acme, codeOf, EVERY, globex } from '../lab.ts';

/** Leaks its text through the gate in pieces of one character, or in one. */
const splitter = {
  wit: 'world guest { export piece: func(text: string, at: u32) -> string; export fail: func() -> string; }',
  wat: `(module ${ALLOCATOR}
    (func (export "piece") (param i32 i32 i32) (result i32)
      (i32.store (i32.const 16) (i32.add (local.get 0) (local.get 2))) (i32.store (i32.const 20) (i32.const 1)) (i32.const 16))
    (func (export "fail") (result i32) unreachable))`,
  clearance: EVERY,
  grants: ['customer:*-'],
};
const arena = (budget: object, limits: object = {}): Arena => {
  const gate = { declassify: ['customer:*'], budget };
  return { compartments: { splitter: { ...splitter, limits, gates: { piece: gate, fail: gate } } } };
};
const SECRET = 'abcdefgh';

export default defineCase({
  number: 16,
  name: 'gate-budget',
  group: 'Gates and grants',
  title: 'a secret leaves in many small pieces',
  async attack({ make }) {
    for (const [budget, limits, most] of [
      [{ calls: '3/day' }, {}, 3],
      [{ bytes: '50B/day' }, { message: '32B' }, 3], // a use reserves 32 bytes, and gives back what the 9 of a piece leave
    ] as const) {
      const host = await make(arena(budget, limits));
      const leak = async (options: object) => {
        let pieces = '';
        for (let at = 0; at < SECRET.length; at++) {
          const { value, label } = await host.call<string>('splitter.piece', [SECRET, at], options);
          if (label.secrecy.length === 0) pieces += value;
        }
        return pieces;
      };
      expect(await leak(acme)).toBe(SECRET.slice(0, most));
      expect(await leak(globex)).toBe(SECRET.slice(0, most)); // one label's use is not felt at another
    }
    // A trap in a gate tells one bit: it is a use, too.
    const host = await make(arena({ calls: '2/day' }));
    const labelOf = () => host.call('splitter.fail', [], acme).catch(({ details }) => details.label.secrecy);
    expect([await labelOf(), await labelOf(), await labelOf()]).toEqual([[], [], ['customer:acme']]);
  },
  async twin({ make }) {
    const host = await make(arena({ calls: '100/day', bytes: '2MiB/day' }));
    for (let at = 0; at < SECRET.length; at++) {
      const { value, label } = await host.call<string>('splitter.piece', [SECRET, at], acme);
      expect([value, label.secrecy]).toEqual([SECRET[at], []]);
    }
    expect(await codeOf(() => host.call('splitter.fail', [], acme))).toBe('GUEST_TRAP');
  },
});
