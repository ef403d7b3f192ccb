import wabtInit from 'wabt';
import { KERNEL, makeAdapter, makeGate } from '../src/abi/fused/index.ts';
import type { FuncType, ValType } from '../src/wasm/types.ts';

/**
 * What one crossing costs by itself: generated gates and adapters between two small modules, beside a direct call and
 * bare copies. `node bench/crossing.ts`
 */
const wabt = await wabtInit();
const features = { multi_memory: true, mutable_globals: true, bulk_memory: true };

function compile(source: string): WebAssembly.Module {
  const parsed = wabt.parseWat('bench.wat', source, features);
  return new WebAssembly.Module(new Uint8Array(parsed.toBinary({}).buffer));
}

const ALLOCATOR = `
  (global $top (mut i32) (i32.const 262144))
  (func (export "realloc") (param i32 i32 i32 i32) (result i32) (local i32)
    (local.set 4 (global.get $top))
    (global.set $top (i32.and (i32.add (i32.add (global.get $top) (local.get 3)) (i32.const 15)) (i32.const -16)))
    (local.get 4))`;

const CALLEE = compile(`(module
  (memory (export "memory") 40) ${ALLOCATOR}
  (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func (export "echo") (param i32 i32) (result i32)
    (i32.store (i32.const 16) (local.get 0)) (i32.store (i32.const 20) (local.get 1)) (i32.const 16))
  (func (export "post") (param i32) (global.set $top (i32.const 262144))))`);

const CALLER = compile(`(module
  (import "b" "add" (func $add (param i32 i32) (result i32)))
  (import "b" "echo" (func $echo (param i32 i32 i32)))
  (memory (export "memory") 40) ${ALLOCATOR}
  (func (export "add") (param $n i32) (param i32) (result i32) (local $a i32)
    (loop $l (local.set $a (call $add (local.get $a) (local.get $n)))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))) (local.get $a))
  (func (export "echo") (param $n i32) (param $len i32) (result i32)
    (loop $l (global.set $top (i32.const 262144))
      (call $echo (i32.const 1024) (local.get $len) (i32.const 32))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))) (i32.load (i32.const 36))))`);

const COPY = compile(`(module (memory $a 40) (memory $b 40)
  (func (export "copy") (param $n i32) (param $len i32) (result i32)
    (loop $l
      (memory.copy $b $a (i32.const 262144) (i32.const 1024) (local.get $len))
      (memory.copy $a $b (i32.const 262144) (i32.const 262144) (local.get $len))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))) (local.get $len)))`);

type Run = (count: number, length: number) => number;
const never = (): never => {
  throw new Error('refused');
};

const memory = new WebAssembly.Memory({ initial: 16, maximum: 16, shared: true });
const cells = new Uint32Array(memory.buffer);
const RING_START = 1024;
const [CALLER_CELL, CALLEE_CELL] = [16, 20];
cells.set([1, RING_START, memory.buffer.byteLength]);
cells[CALLER_CELL / 4] = 2;
cells[(RING_START - KERNEL.RECORD_BYTES) / 4] = KERNEL.NO_PORT;
const drain = () => {
  cells[KERNEL.W / 4] = RING_START;
};
const kernel = { memory, refuse: never, fault: never, drain, caller: CALLER_CELL };

const func = (params: readonly ValType[], result: ValType): FuncType => ({
  params: params.map((type) => ({ name: 'x', type })),
  result,
  async: false,
});
const u32: ValType = { kind: 'u32' };
const string: ValType = { kind: 'string' };
const bytes: ValType = { kind: 'list', element: { kind: 'u8' } };

/** A caller whose one import goes through a gate, and the adapter if there is one. */
function linked(type: FuncType, name: 'add' | 'echo', data: string | Uint8Array = ''): Run {
  const b = new WebAssembly.Instance(CALLEE).exports;
  const miss = () => {
    const behind = name === 'add' ? b.add : adapter().call;
    (gate.slot as WebAssembly.Table).set(0, behind);
    (gate.callee as WebAssembly.Global).value = CALLEE_CELL;
    (gate.port as WebAssembly.Global).value = 3;
    (gate.decided as WebAssembly.Global).value = cells[0];
  };
  const gate = new WebAssembly.Instance(new WebAssembly.Module(makeGate(type)), { k: { ...kernel, miss } }).exports;
  const a = new WebAssembly.Instance(CALLER, { b: { add: never, echo: never, [name]: gate.call as never } }).exports;
  const adapter = () =>
    new WebAssembly.Instance(new WebAssembly.Module(makeAdapter(type, { postReturn: true })), {
      k: { ...kernel, callee: CALLEE_CELL, port: 3, maxBytes: 1 << 24 },
      a: { memory: a.memory, realloc: a.realloc } as never,
      b: { memory: b.memory, realloc: b.realloc, call: b.echo, post: b.post } as never,
    }).exports;
  const all = new Uint8Array((a.memory as WebAssembly.Memory).buffer);
  all.set(typeof data === 'string' ? Buffer.from(data) : data, 1024);
  return a[name] as Run;
}

const direct = new WebAssembly.Instance(CALLER, {
  b: { add: new WebAssembly.Instance(CALLEE).exports.add, echo: never } as never,
}).exports;
const copy = new WebAssembly.Instance(COPY).exports.copy as Run;
const ascii = 'hello, world 16b'.repeat(4096);
const mixed = 'héllo wörld, größ'.repeat(4096);
const wide = '日本語の文章です、長い文'.repeat(2048);

const echo = (type: ValType, data: string | Uint8Array, length: number): [Run, number] => [
  linked(func([type], type), 'echo', data),
  length,
];
const list = (element: ValType): ValType => ({ kind: 'list', element });
const pair: ValType = { kind: 'tuple', elements: [u32, string] };
/** 16 numbered strings of 16 bytes, the bytes themselves behind the list. */
const pairs = new Uint8Array(Uint32Array.from({ length: 48 }, (_, i) => [i, 2048, 16][i % 3] ?? 0).buffer);
const option: ValType = { kind: 'option', some: u32 };
const options = new Uint8Array(Uint32Array.from({ length: 128 }, (_, i) => Number(i % 4 !== 0)).buffer);

const subjects: Record<string, [Run, number]> = {
  'direct call': [direct.add as Run, 0],
  'scalar, gate': [linked(func([u32, u32], u32), 'add'), 0],
  'string 0 B': echo(string, ascii, 0),
  'string 5 B': echo(string, ascii, 5),
  'string 16 B': echo(string, ascii, 16),
  'string 64 B': echo(string, ascii, 64),
  'string 256 B': echo(string, ascii, 256),
  'string 4 KiB': echo(string, ascii, 4096),
  'string 64 KiB': echo(string, ascii, 65536),
  'string 17 B, Latin': echo(string, mixed, 17),
  'string 64 KiB, Latin': echo(string, mixed, 65520),
  'string 64 KiB, Japanese': echo(string, wide, 65520),
  'list<u8> 16 B': echo(bytes, '', 16),
  'list<u8> 64 KiB': echo(bytes, '', 65536),
  '16 pairs of u32 and string': echo(list(pair), pairs, 16),
  '64 options of u32': echo(list(option), options, 64),
  'list<bool> 1 KiB': echo(list({ kind: 'bool' }), '', 1024),
  'two copies of 16 B': [copy, 16],
  'two copies of 64 KiB': [copy, 65536],
};

/** Nanoseconds of one operation: best and median of interleaved samples of 4 ms each. */
const samples = new Map(Object.keys(subjects).map((name) => [name, [] as number[]]));
const counts = new Map(Object.keys(subjects).map((name) => [name, 100]));
for (let round = 0; round < 25; round++) {
  for (const [name, [run, length]] of Object.entries(subjects)) {
    const count = counts.get(name) as number;
    const start = performance.now();
    run(count, length);
    const tookMs = performance.now() - start;
    if (round < 10)
      counts.set(name, Math.max(100, Math.min(count * 8, Math.ceil((count * 4) / Math.max(tookMs, 1e-3)))));
    else samples.get(name)?.push((tookMs * 1e6) / count);
  }
}
const figures = [...samples].map(([name, all]) => {
  const sorted = all.toSorted((a, b) => a - b);
  return { name, best: sorted[0] ?? 0, p50: sorted[sorted.length >> 1] ?? 0 };
});
if (process.argv.includes('--json')) console.log(JSON.stringify(figures, null, 2));
else
  for (const { name, best, p50 } of figures) {
    console.log(`${name.padEnd(28)} best ${best.toFixed(1).padStart(9)} ns   p50 ${p50.toFixed(1).padStart(9)} ns`);
  }
