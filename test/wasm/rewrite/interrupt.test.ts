import { describe, expect, it } from 'vitest';
import { rewritten, run, wat } from './support.ts';

const COUNT = `(func (export "count") (param $n i32) (result i32) (local $i i32)
  (loop $again (local.set $i (i32.add (local.get $i) (i32.const 1)))
    (br_if $again (i32.lt_u (local.get $i) (local.get $n))))
  (local.get $i))`;

describe('a guest that is interrupted', () => {
  it('goes on while the run word is not negative', () => {
    const guest = run(rewritten(wat(`(module ${COUNT})`)));
    guest.interrupt(7);
    expect(guest.call('count', 10)).toBe(10);
  });

  it('traps at the head of a loop', () => {
    const guest = run(rewritten(wat(`(module ${COUNT})`)));
    guest.interrupt(-7);
    expect(() => guest.call('count', 10)).toThrow(WebAssembly.RuntimeError);
    guest.interrupt(0);
    expect(guest.call('count', 10)).toBe(10);
  });
});
