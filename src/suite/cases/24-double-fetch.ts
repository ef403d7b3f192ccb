import { ALLOCATOR, type Arena } from '../arena.ts';
import { defineCase } from '../case.ts';
import { expect } from '../expect.ts';
import { nobody } from '../lab.ts';

/** Sends bytes, and writes over them as soon as it gets control again. */
const swapper = {
  wit: `world guest { import post: func(data: list<u8>, text: string); import ask: func(data: list<u8>);
    export run: func(then: u8); export patient: func(); }`,
  wat: `(module (import "$root" "post" (func $post (param i32 i32 i32 i32))) (import "$root" "ask" (func $ask (param i32 i32)))
    ${ALLOCATOR} (data (i32.const 64) "good")
    (func (export "run") (param i32)
      (call $post (i32.const 64) (i32.const 4) (i32.const 64) (i32.const 4))
      (memory.fill (i32.const 64) (local.get 0) (i32.const 4)) (drop (memory.grow (i32.const 1))))
    (func (export "patient") (call $ask (i32.const 64) (i32.const 4))))`,
  resources: ['sink', 'slow'],
};
const arena: Arena = {
  compartments: { swapper },
  links: [
    { from: 'swapper', import: 'post', to: 'sink', post: true },
    { from: 'swapper', import: 'ask', to: 'slow' },
  ],
  resources: { sink: { function: true }, slow: { function: true } },
};
const good = [...'good'].map((letter) => letter.charCodeAt(0));

export default defineCase({
  number: 24,
  name: 'double-fetch',
  group: 'Memory and Wasm',
  title: 'an argument changes after it was checked',
  async attack({ make }) {
    const got: unknown[] = [];
    const seen: number[][] = [];
    const resources = {
      sink: (data: unknown, text: unknown) => void got.push([...(data as Uint8Array)], text),
      slow: async (data: unknown) => {
        const run = host.call('swapper.run', [0x78], nobody); // would change it while the receiver waits
        await new Promise((resolve) => setTimeout(resolve, 20));
        seen.push([...(data as Uint8Array)]);
        void run;
      },
    };
    const host = await make(arena, { resources });
    await host.call('swapper.patient', [], nobody);
    await host.drained();
    await host.call('swapper.run', [0x79], nobody);
    await host.drained();
    expect([seen, got.slice(0, 2)]).toEqual([[good], [good, 'good']]);
  },
  async twin({ make }) {
    const got: unknown[] = [];
    const resources = {
      sink: (data: unknown, text: unknown) => void got.push([...(data as Uint8Array)], text),
      slow: () => undefined,
    };
    const host = await make(arena, { resources });
    await host.call('swapper.run', [0x78], nobody);
    await host.call('swapper.run', [0x79], nobody);
    await host.drained();
    expect(got).toEqual([good, 'good', [0x78, 0x78, 0x78, 0x78], 'xxxx']); // what was there when it was sent
  },
});
