import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadAssembler } from '../arena.ts';
import { defineCase } from '../case.ts';
import { expect } from '../expect.ts';
import { codeOf, type Lab, nobody } from '../lab.ts';

async function good(): Promise<Uint8Array> {
  const assemble = await loadAssembler();
  return assemble('(module (memory (export "memory") 1) (func (export "go") (result i32) (i32.const 7)))');
}
const HEADER = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
const bytes = (...content: readonly number[]) => Uint8Array.from([...HEADER, ...content]);
const HUGE = [0xff, 0xff, 0xff, 0xff, 0x0f];

function million(id: number, item: readonly number[]): Uint8Array {
  const content = new Uint8Array(3 + 1_000_000 * item.length);
  content.set([0xc0, 0x84, 0x3d]); // 1,000,000
  for (let i = 0; i < 1_000_000; i++) content.set(item, 3 + i * item.length);
  const size = content.length;
  const leb = [size & 0x7f, (size >> 7) & 0x7f, (size >> 14) & 0x7f, size >> 21].map((byte, i) =>
    i < 3 ? byte | 0x80 : byte,
  );
  return Buffer.concat([bytes(id, ...leb), content]);
}

const MALFORMED: readonly (readonly [string, () => Uint8Array | Promise<Uint8Array>])[] = [
  ['nothing', () => new Uint8Array(0)],
  ['half a header', () => Uint8Array.from(HEADER.slice(0, 5))],
  ['text', () => Buffer.from('(module)')],
  ['a module cut in its code', async () => (await good()).subarray(0, -3)],
  ['a section of four gigabytes', () => bytes(1, ...HUGE)],
  ['a number of six bytes', () => bytes(1, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f)],
  ['four billion types', () => bytes(1, 5, ...HUGE)],
  ['four billion locals', () => bytes(1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0, 10, 10, 1, 8, 1, ...HUGE, 0x7f, 0x0b)],
  ['a section that lies about its size', () => bytes(1, 2, 1, 0x60, 0, 0)],
  ['sections out of order', () => bytes(3, 1, 0, 1, 1, 0)],
  ['a million imports', () => million(2, [0, 0, 0, 0])],
  ['a million exports of one name', () => million(7, [1, 0x61, 0, 0])],
  ['a name that is no UTF-8', () => bytes(2, 6, 1, 1, 0xff, 1, 0x61, 0)],
  ['a memory of four gigabytes and one page', () => bytes(5, 6, 1, 0, 0x81, 0x80, 0x04, 0)],
  ['code that does not type', () => bytes(1, 5, 1, 0x60, 0, 1, 0x7f, 3, 2, 1, 0, 10, 4, 1, 2, 0, 0x0b)],
];

export default defineCase({
  number: 30,
  name: 'malformed-binary',
  group: 'Memory and Wasm',
  title: 'a file that is no module',
  async attack(lab) {
    const folder = lab.folder();
    for (const [name, makeBytes] of MALFORMED) {
      writeFileSync(join(folder, 'guest.wasm'), await makeBytes());
      const started = performance.now();
      const code = await codeOf(() => load(lab, folder));
      expect(code, name).toMatch(/^(WASM_|LOAD_|LIMIT_)/);
      expect(performance.now() - started, name).toBeLessThan(5000);
    }
  },
  async twin(lab) {
    const folder = lab.folder();
    writeFileSync(join(folder, 'guest.wasm'), await good());
    const host = await load(lab, folder);
    expect((await host.call('guest.go', [], nobody)).value).toBe(7);
  },
});

function load({ make }: Lab, folder: string) {
  const wit = 'world guest { export go: func() -> u32; }';
  return make({ compartments: { guest: { wat: '(module)', wit, wasm: join(folder, 'guest.wasm') } } });
}
