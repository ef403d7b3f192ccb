import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { transformSync } from 'esbuild';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { declarations } from '../../src/host/declarations.ts';
import { worldOfWit } from '../../src/load/wit.ts';
import type { FuncType, ValType, World } from '../../src/wasm/types.ts';

const ROOT = join(import.meta.dirname, '../..');

const WIT = `
package test:types;
interface shop {
  enum state { open, closed-for-now }
  flags rights { can-read, can-write }
  record item { name: string, price-in-cents: u64, picture: option<list<u8>>, state: state }
  variant outcome { nothing, sold(item), error(string) }
  resource cart { constructor(owner: string); add: func(item: item) -> outcome; find: static func(id: u32) -> option<cart>; }
  buy: func(items: list<item>, rights: rights, options: option<string>) -> result<outcome, string>;
  totals: func(in: tuple<u8, f64>, maybe: option<option<s64>>) -> list<f64>;
  check: func(state: state) -> result<u32, state>;
  nothing: func();
}
interface other { check: func(state: string) -> bool; }
world shopping { export shop; export other; export check: func(c: char) -> char; export then: func(); }
`;

const USAGE = `
import { createHost } from 'cofferdam';
import type { Compartments, Shop } from './guests.d.ts';

await using host = await createHost('./cofferdam.yaml');
const shop = host.compartment<Shop>('shop');
const label = { label: { secrecy: ['customer:acme'] } };
const item: Parameters<Shop['buy']>[0][number] = { name: 'lamp', priceInCents: 5n, picture: new Uint8Array(1), state: 'closed-for-now' };
const bought = await shop.buy([item], { canRead: true }, undefined, label);
const { value } = bought;
if (value.tag === 'sold') console.log(value.val.priceInCents + 1n);
else if (value.tag === 'error') console.log(value.val.length);
const totals: Float64Array = (await shop.totals([1, 0.5], { tag: 'some', val: 1n }, { from: bought })).value;
await shop.totals([1, 0.5], { tag: 'none' });
const checked: boolean = (await shop['test:types/other'].check('open')).value;
const number: number = (await shop['test:types/shop'].check('open')).value;
const letter: string = (await shop.check('c')).value;
const cart = (await shop.cartNew('ann', label)).value;
await shop.cartAdd(cart, item, { ...label, signal: AbortSignal.timeout(1000) });
cart[Symbol.dispose]();
const none: undefined = (await shop.nothing()).value;
await shop.then_();
const all: Compartments['shop'] = shop;
console.log(totals, checked, number, letter, none, all);

await shop.buy(item, {}, undefined); // bad
await shop.buy([{ ...item, priceInCents: 5 }], {}, undefined); // bad
await shop.buy([{ ...item, state: 'ajar' }], {}, undefined); // bad
await shop.buy([item], { canFly: true }, undefined); // bad
await shop.totals([1], { tag: 'none' }); // bad
await shop.nothing('something'); // bad
await shop.sell(); // bad
await shop.cartAdd({}, item); // bad
await shop.cartAdd({ [Symbol.dispose]() {} }, item); // bad
value.val; // bad
letter satisfies number; // bad
`;

/** Lines with errors in the given files; `tsc` over the whole project is the judge of all others. */
async function errorLines(files: Readonly<Record<string, string>>): Promise<Record<string, number[]>> {
  const folder = mkdtempSync(join(tmpdir(), 'cofferdam-types-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const config = {
    extends: join(ROOT, 'tsconfig.json'),
    compilerOptions: {
      paths: { cofferdam: [join(ROOT, 'src/index.ts')] },
      typeRoots: [join(ROOT, 'node_modules/@types')],
      skipLibCheck: false,
    },
    include: [],
    files: [...Object.keys(files), join(ROOT, 'src/webassembly.d.ts')],
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
  const stdout = await new Promise<string>((resolve) => {
    const tsc = join(ROOT, 'node_modules/.bin/tsc');
    execFile(tsc, ['--pretty', 'false', '-p', folder], { cwd: folder }, (_error, out) => resolve(out));
  });
  const lines: Record<string, number[]> = {};
  for (const [, file = '', line] of stdout.matchAll(/^([^\s(][^(]*)\((\d+),\d+\): error/gm)) {
    if (Object.hasOwn(files, file)) lines[file] = [...(lines[file] ?? []), Number(line)];
  }
  return lines;
}

describe('declarations', () => {
  it('let good usage through, and no bad one', { timeout: 60_000 }, async () => {
    const world = await worldOfWit(WIT, null);
    const text = declarations(new Map([['shop', world]]), 'shop.wit');
    const errors = await errorLines({ 'guests.d.ts': text, 'usage.mts': USAGE });
    const bad = USAGE.split('\n').flatMap((line, index) => (line.endsWith('// bad') ? [index + 1] : []));
    expect(errors).toEqual({ 'usage.mts': bad });
  });

  it('of streams and futures are iterables of chunks and promises', async () => {
    const element: ValType = { kind: 'u8' };
    const ending: ValType = { kind: 'future', element: { kind: 'result', ok: null, err: { kind: 'string' } } };
    const world = worldWith([
      { name: 'f', type: { params: [{ name: 'x', type: { kind: 'stream', element } }], result: ending, async: true } },
    ]);
    const text = declarations(new Map([['flow', world]]), 'x');
    expect(text).toContain('x: AsyncIterable<Uint8Array>');
    expect(text).toContain("Promise<{ tag: 'ok'; val: undefined } | { tag: 'err'; val: string }>");
    expect(await errorLines({ 'guests.d.ts': text })).toEqual({});
  });

  it('of compartments and types with one name differ', async () => {
    const record: ValType = { kind: 'record', fields: [{ name: 'a', type: { kind: 'bool' } }] };
    const world = worldWith([
      { name: 'f', type: { params: [{ name: 'x', type: record }], result: null, async: false } },
    ]);
    const names = ['promise', 'reply', 'a-f-x', 'a', 'compartments'];
    const text = declarations(new Map(names.map((name) => [name, world])), 'x');
    const declared = [...text.matchAll(/^export (?:interface|type) (\w+)/gm)].map(([, name]) => name);
    expect(new Set(declared).size).toBe(declared.length);
    expect(await errorLines({ 'guests.d.ts': text })).toEqual({});
  });
});

/** Each tries to end the comment, string, member or declaration that it stands in, and to begin a statement. */
const PAYLOADS = [
  '*/ export const pwned = 1; /*',
  "'; export const pwned = 1; //",
  '\nexport const pwned = 1;\n',
  '\u2028export const pwned = 1;\u2028',
  '\r}; export const pwned = 1; interface A {',
  '\\',
  '`',
  '"',
  '\u202e',
  '\ud800',
  '<T>',
  '__proto__',
  'class',
  '0',
  '',
];

describe('hostile names', () => {
  const piece = fc.oneof(fc.constantFrom(...PAYLOADS), fc.string({ unit: 'binary', maxLength: 12 }));
  const name = fc.array(piece, { minLength: 1, maxLength: 3 }).map((pieces) => pieces.join(''));
  const type: fc.Arbitrary<ValType> = fc.letrec<{ type: ValType }>((tie) => ({
    type: fc.oneof(
      { maxDepth: 3 },
      fc.constantFrom<ValType>({ kind: 'string' }, { kind: 'u64' }, { kind: 'own', resource: 0 }),
      fc
        .array(fc.record({ name, type: tie('type') }), { minLength: 1, maxLength: 3 })
        .map((fields): ValType => ({ kind: 'record', fields })),
      fc
        .array(fc.record({ name, type: fc.option(tie('type')) }), { minLength: 1, maxLength: 3 })
        .map((cases): ValType => ({ kind: 'variant', cases })),
      fc.array(name, { minLength: 1, maxLength: 3 }).map((names): ValType => ({ kind: 'enum', names })),
      fc.array(name, { minLength: 1, maxLength: 3 }).map((names): ValType => ({ kind: 'flags', names })),
      tie('type').map((element): ValType => ({ kind: 'list', element })),
    ),
  })).type;
  const func = fc.record({
    name,
    interface: fc.option(name),
    type: fc.record({
      params: fc.array(fc.record({ name, type }), { maxLength: 2 }),
      result: fc.option(type),
      async: fc.constant(false),
    }),
  });

  it('never become more than names', () => {
    fc.assert(
      fc.property(name, fc.array(func, { maxLength: 4 }), name, (compartment, functions, resource) => {
        const text = declarations(new Map([[compartment, worldWith(functions, resource)]]), compartment);
        expect(text).toMatch(/^[\x20-\x7e\n]*$/);
        // What is parsed as declarations only leaves no code behind; anything that broke out would.
        expect(transformSync(text, { loader: 'ts', logLevel: 'silent' }).code).toMatch(/^(export {};\n)?$/);
        const exported = [...withoutStrings(text).matchAll(/^export (\w+)/gm)].map(([, word]) => word);
        expect(exported.filter((word) => word !== 'interface' && word !== 'type')).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });
});

function withoutStrings(text: string): string {
  return text.replace(/'(?:[^'\\]|\\.)*'/g, "''");
}

interface Named {
  readonly name: string;
  readonly interface?: string | null;
  readonly type: FuncType;
}

function worldWith(functions: readonly Named[], resource = 'thing'): World {
  const exports = functions.map(({ name, interface: owner = null, type }) => ({
    name,
    interface: owner,
    id: owner === null ? name : `${owner}#${name}`,
    type,
  }));
  return { imports: [], exports, resources: [{ name: resource, interface: null, side: 'export' }] };
}
