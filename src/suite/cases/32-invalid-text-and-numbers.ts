import { ALLOCATOR, type Arena } from '../arena.ts';
import { defineCase } from '../case.ts';
import { expect } from '../expect.ts';
import { codeOf, makeSink, nobody } from '../lab.ts';

const TEXTS = {
  'a lone continuation': '\\80',
  'an overlong slash': '\\c0\\af',
  'a surrogate': '\\ed\\a0\\80',
  'beyond Unicode': '\\f4\\90\\80\\80',
  'cut off': '\\e2\\82',
  'UTF-16': '\\ff\\fe',
};
const good = 'grüße 🌍';
const hex = (text: string) => [...Buffer.from(text)].map((byte) => `\\${byte.toString(16).padStart(2, '0')}`).join('');
/** Says what stands at a place of its memory, as text, as a character, or as a floating-point number. */
const speaker = {
  wit: `world guest { import out: func(text: string); export say: func(at: u32, size: u32) -> string; export pass: func(at: u32, size: u32);
    export letter: func(code: u32) -> char; export number: func(bits: u64) -> f64; export bits: func(n: f64) -> u64; }`,
  wat: `(module (import "$root" "out" (func $out (param i32 i32))) ${ALLOCATOR}
    ${Object.values(TEXTS)
      .map((text, i) => `(data (i32.const ${100 + 10 * i}) "${text}")`)
      .join(' ')}
    (data (i32.const 300) "${hex(good)}")
    (func (export "say") (param i32 i32) (result i32)
      (i32.store (i32.const 16) (local.get 0)) (i32.store (i32.const 20) (local.get 1)) (i32.const 16))
    (func (export "pass") (param i32 i32) (call $out (local.get 0) (local.get 1)))
    (func (export "letter") (param i32) (result i32) (local.get 0))
    (func (export "number") (param i64) (result f64) (f64.reinterpret_i64 (local.get 0)))
    (func (export "bits") (param f64) (result i64) (i64.reinterpret_f64 (local.get 0))))`,
  resources: ['sink'],
};
const arena: Arena = {
  compartments: { speaker },
  links: [{ from: 'speaker', import: 'out', to: 'sink', post: true }],
  resources: { sink: { function: true } },
};
const CANONICAL_NAN = 0x7ff8_0000_0000_0000n;

export default defineCase({
  number: 32,
  name: 'invalid-text-and-numbers',
  group: 'Memory and Wasm',
  title: 'text that is no text, and numbers that carry more than a number',
  async attack({ make, sample }) {
    const { got, resources } = makeSink();
    const host = await make(arena, { resources });
    for (const [i, [name, text]] of sample([...Object.entries(TEXTS).entries()])) {
      const at = [100 + 10 * i, text.length / 3];
      expect(await codeOf(() => host.call('speaker.say', at, nobody)), name).toBe('ABI_UTF8');
      expect(await codeOf(() => host.call('speaker.pass', at, nobody)), name).toBe('ABI_UTF8');
    }
    for (const code of [0xd800, 0xdfff, 0x11_0000, 0xffff_ffff]) {
      expect(await codeOf(() => host.call('speaker.letter', [code], nobody))).toBe('ABI_CHAR');
    }
    // 51 bits of a NaN would be a channel around the types.
    const nan = (await host.call<number>('speaker.number', [0x7ff0_dead_beef_0001n], nobody)).value;
    expect((await host.call('speaker.bits', [nan], nobody)).value).toBe(CANONICAL_NAN);
    const forged = new Float64Array(BigUint64Array.of(0xfff8_0000_0000_1234n).buffer)[0];
    expect((await host.call('speaker.bits', [forged], nobody)).value).toBe(CANONICAL_NAN);
    await host.drained();
    expect(got).toEqual([]);
  },
  async twin({ make }) {
    const { got, resources } = makeSink();
    const host = await make(arena, { resources });
    const at = [300, Buffer.byteLength(good)];
    expect((await host.call('speaker.say', at, nobody)).value).toBe(good);
    await host.call('speaker.pass', at, nobody);
    expect((await host.call('speaker.letter', [0x1f30d], nobody)).value).toBe('🌍');
    expect((await host.call('speaker.number', [0x3ff8_0000_0000_0000n], nobody)).value).toBe(1.5);
    await host.drained();
    expect(got).toEqual([good]);
  },
});
