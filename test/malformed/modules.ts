import { assemble } from '../arena.ts';
import { component, coreModule, leb, section } from '../load/modules.ts';
import { type Case, load } from './case.ts';

const WIT = 'package a:b; world w { export go: func() -> u32; }';
const HUGE = [0xff, 0xff, 0xff, 0xff, 0x0f];

const entry = (abi: string, wit: string | null) => ({
  wasm: './m.wasm',
  abi,
  ...(wit === null ? {} : { wit: { text: wit } }),
});
function file(abi: string, wit: string | null) {
  return (what: string, code: Case[1], make: () => Uint8Array): Case => [
    `a ${abi} module: ${what}`,
    code,
    (place) => {
      place.write('m.wasm', make());
      return load({ version: 1, compartments: { m: entry(abi, wit) } }, place, 'm.go');
    },
  ];
}
const core = file('core', WIT);
const comp = file('component', null);
const script = file('assemblyscript', WIT);
const wat = (text: string) => () => assemble(`(module ${text})`);
const go = '(memory (export "memory") 1) (func (export "go") (result i32) (i32.const 1))';

function many(id: number, count: number, item: readonly number[]): Uint8Array {
  const head = leb(count);
  const content = new Uint8Array(head.length + count * item.length);
  content.set(head);
  for (let i = 0; i < count; i++) content.set(item, head.length + i * item.length);
  return Buffer.concat([Uint8Array.from([id, ...leb(content.length)]), content]);
}
const nested = (depth: number) => {
  let inner = component();
  for (let i = 0; i < depth; i++) inner = component(Buffer.concat([Uint8Array.from([4, ...leb(inner.length)]), inner]));
  return inner;
};

export const MODULES: readonly Case[] = [
  core('empty', 'LOAD_KIND', () => new Uint8Array(0)),
  core('seven bytes', 'LOAD_KIND', () => coreModule().subarray(0, 7)),
  core('text', 'LOAD_KIND', () => Buffer.from('(module (func))')),
  core('of another version', 'LOAD_KIND', () => coreModule().with(4, 9)),
  core('a component', 'LOAD_KIND', () => component()),
  core('cut in the middle', 'WASM_TRUNCATED', () => assemble(`(module ${go})`).subarray(0, 30)),
  core('a section of four gigabytes', 'WASM_TRUNCATED', () =>
    Buffer.concat([coreModule(), Uint8Array.from([1, ...HUGE])]),
  ),
  core('a number of ten bytes', 'WASM_MALFORMED', () =>
    Buffer.concat([coreModule(), Uint8Array.from([1, ...Array(10).fill(0xff)])]),
  ),
  core('four billion types', 'WASM_LIMIT', () => coreModule(section(1, HUGE))),
  core('a million imports too many', 'WASM_LIMIT', () =>
    coreModule(section(1, [1, 0x60, 0, 0]), many(2, 1_000_001, [0, 0, 0, 0])),
  ),
  core('an unknown section', 'WASM_MALFORMED', () => coreModule(section(77, [1]))),
  core('a name that is no UTF-8', 'WASM_MALFORMED', () =>
    coreModule(section(1, [1, 0x60, 0, 0]), section(2, [1, 1, 0xff, 1, 0x61, 0, 0])),
  ),
  core('without its export', 'WASM_EXPORT_MISSING', wat('(memory (export "memory") 1)')),
  core(
    'with another signature',
    'WASM_SIGNATURE',
    wat('(memory (export "memory") 1) (func (export "go") (param i32))'),
  ),
  core('with an import that nobody gives', 'WASM_IMPORT_UNKNOWN', wat(`(import "env" "f" (func)) ${go}`)),
  core(
    'with WASI that was not granted',
    'WASI_NOT_GRANTED',
    wat(`(import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32))) ${go}`),
  ),
  core(
    'with two gigabytes of memory',
    'LIMIT_MEMORY_INITIAL',
    wat('(memory (export "memory") 32768) (func (export "go") (result i32) (i32.const 1))'),
  ),
  core('with a million table entries', 'LIMIT_TABLE_INITIAL', wat(`(table 1000000 funcref) ${go}`)),
  core('whose code does not type', 'LOAD_INVALID', () => {
    const bytes = assemble(`(module ${go})`);
    return bytes.with(bytes.lastIndexOf(0x41), 0x1a); // drop, of an empty stack
  }),
  script('without its export', 'WASM_EXPORT_MISSING', wat('(memory (export "memory") 1)')),
  script('empty', 'LOAD_KIND', () => new Uint8Array(0)),
  comp('a core module', 'LOAD_KIND', () => coreModule()),
  comp('a header alone, of no known version', 'LOAD_KIND', () => Uint8Array.from([0, 0x61, 0x73, 0x6d, 0x0e, 0, 1, 0])),
  comp('a section that claims four gigabytes', 'WASM_TRUNCATED', () =>
    Buffer.concat([component(), Uint8Array.from([7, ...HUGE])]),
  ),
  comp('a vector of four billion items', 'WASM_LIMIT', () => component(section(7, HUGE))),
  comp('a thousand components in one another', 'WASM_LIMIT', () => nested(1000)),
  comp('an export of what is not there', 'COMPONENT_INVALID', () => component(section(11, [1, 0, 1, 0x61, 1, 7, 0]))),
  comp('a core module in it that is none', 'WASM_MALFORMED', () => component(section(1, [1, 2, 3, 4, 5, 6, 7, 8]))),
  comp('an unknown section', 'WASM_MALFORMED', () => component(section(99, [1, 2, 3]))),
];

const wit = (what: string, text: string, code: Case[1] = 'LOAD_WIT'): Case => [
  `WIT: ${what}`,
  code,
  (place) => {
    place.write('m.wasm', assemble(`(module ${go})`));
    return load({ version: 1, compartments: { m: entry('core', text) } }, place);
  },
];

export const WITS: readonly Case[] = [
  wit('not WIT', 'hello'),
  wit('no package', 'world w { export go: func() -> u32; }'),
  wit('no world', 'package a:b;'),
  wit('two worlds, and none named', 'package a:b; world v { export go: func() -> u32; } world w {}'),
  wit('a type that is not there', 'package a:b; world w { export go: func() -> thing; }'),
  wit(
    'a type of itself',
    'package a:b; interface i { record r { r: r } } world w { import i; export go: func() -> u32; }',
  ),
  wit('another package', 'package a:b; world w { import c:d/e; export go: func() -> u32; }'),
  wit('a name twice', 'package a:b; world w { export go: func() -> u32; export go: func() -> u32; }'),
  wit('a bracket that never closes', 'package a:b; world w { export go: func('),
  wit(
    'lists 10,000 deep',
    `package a:b; world w { export go: func(x: ${'list<'.repeat(10_000)}u8${'>'.repeat(10_000)}) -> u32; }`,
  ),
];
