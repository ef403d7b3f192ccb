/**
 * Runs the component model's own tests, as far as they are about execution:
 *
 *   node scripts/spec-execution.ts DIR [--verbose]
 *
 * DIR is the `test` folder of WebAssembly/component-model. Text becomes bytes through wasm-tools, which goes no further
 * than its version; components that need what the runtime does not run (async) are counted as unsupported.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { isNumberKind, NUMBER_ARRAYS } from '../src/abi/typed-lists.ts';
import type { Instance, InstanceHost } from '../src/compartment/contract.ts';
import { makeInlineCode } from '../src/compartment/inline.ts';
import { isCofferdamError } from '../src/error.ts';
import { planComponent, type ValType, type World } from '../src/wasm/index.ts';
import { type Atom, readScript, type Sexp, stringBytes } from './wast.ts';

type List = Extract<Sexp, { kind: 'list' }>;
type Outcome = 'passed' | 'failed' | 'unsupported';
interface Made {
  readonly world: World;
  readonly instance: Instance;
}

const dir = process.argv[2];
if (dir === undefined) throw new Error('usage: node scripts/spec-execution.ts DIR [--verbose]');
const verbose = process.argv.includes('--verbose');
const host: InstanceHost = {
  call: () => undefined,
  suspending: new Set(),
  output: () => undefined,
  nowNs: () => 0n,
  random: () => undefined,
};

class Script {
  readonly #path: string;
  readonly #text: string;
  readonly #definitions = new Map<string, string>();
  readonly #counts: Record<Outcome, number> = { passed: 0, failed: 0, unsupported: 0 };
  #current: Made | null = null;

  constructor(path: string) {
    this.#path = path;
    this.#text = readFileSync(path, 'utf8');
  }

  async run(): Promise<Record<Outcome, number>> {
    for (const command of readScript(this.#text)) await this.#command(command);
    return this.#counts;
  }

  async #command(command: List): Promise<void> {
    const head = word(command.items[0]);
    const [, first] = command.items;
    if (head === 'component') {
      this.#current = await this.#component(command);
      return;
    }
    if (!['assert_return', 'assert_trap', 'invoke'].includes(head)) return;
    if (first?.kind === 'list' && word(first.items[0]) === 'component') {
      // A component that must trap while it is instantiated.
      await this.#report(
        command,
        async () => ((await this.#component(first, true)) === null ? 'trap' : 'no trap'),
        'trap',
      );
      return;
    }
    const invoke = head === 'invoke' ? command : (first as List);
    if (this.#current === null) {
      this.#counts.unsupported++;
      return;
    }
    const { world, instance } = this.#current;
    const index = world.exports.findIndex(({ id }) => id === stringBytes(invoke.items[1] as Atom).toString());
    const type = world.exports[index]?.type;
    if (type === undefined) throw new Error(`no export at ${invoke.start}`);
    const args = invoke.items.slice(2).map((item, i) => value((item as List).items, type.params[i]?.type as ValType));
    const call = () => instance.call(index, args);
    const [expected] = head === 'assert_return' ? command.items.slice(2) : [];
    if (head === 'assert_trap') await this.#report(command, () => call() ?? 'no trap', 'trap');
    else await this.#report(command, call, expected && value((expected as List).items, type.result as ValType));
  }

  async #report(command: List, run: () => unknown, expected: unknown): Promise<void> {
    let got: unknown;
    try {
      got = await run();
    } catch (error) {
      got = isCofferdamError(error) && error.code !== 'ARGUMENT_TYPE' ? 'trap' : error;
      if (verbose) this.#say(command, String(error));
    }
    const passed = isDeepStrictEqual(got, expected);
    this.#counts[passed ? 'passed' : 'failed']++;
    if (!passed) this.#say(command, `got ${String(got)}, expected ${String(expected)}`);
  }

  #say(command: List, note: string): void {
    console.log(`  ${this.#path}:${this.#text.slice(0, command.start).split('\n').length} ${note}`);
  }

  async #component(list: List, quiet = false): Promise<Made | null> {
    const form = word(list.items[1]);
    const source = this.#text.slice(list.start, list.end);
    if (form === 'definition') {
      this.#definitions.set(word(list.items[2]), source.replace('definition', ''));
      return this.#current;
    }
    const text = form === 'instance' ? this.#definitions.get(word(list.items[3])) : source;
    try {
      if (text === undefined) throw new Error('an unknown definition');
      const bytes = await parse(text);
      const code = await makeInlineCode({
        plan: planComponent(bytes),
        bytes,
        sha256: '',
        limits: { messageBytes: 1 << 28 },
      });
      return { world: code.world, instance: code.instantiate(host) };
    } catch (error) {
      if (!quiet && verbose) this.#say(list, String(error).split('\n')[0] ?? '');
      return null;
    }
  }
}

function word(item: Sexp | undefined): string {
  return item?.kind === 'atom' ? item.text : '';
}

const camel = (name: string): string => name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());

function number(text: string): number {
  const plain = text.replaceAll('_', '');
  if (plain.includes('nan')) return Number.NaN;
  if (plain.includes('inf')) return plain.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  const hex = /^([+-]?)0x([0-9a-f]+)(?:\.([0-9a-f]*))?(?:p([+-]?\d+))?$/i.exec(plain);
  if (hex === null) return Number(plain);
  const [, sign, whole = '', fraction = '', exponent = '0'] = hex;
  const magnitude = Number.parseInt(whole + fraction, 16) * 2 ** (Number(exponent) - 4 * fraction.length);
  return sign === '-' ? -magnitude : magnitude;
}

/** `(kind.const ...)` or, in a record, `kind.const ...`, as a JavaScript value of `type`. */
function value(items: readonly Sexp[], type: ValType): unknown {
  const [one, ...others] = items.slice(1);
  const rest = items.slice(1);
  const inner = (item: Sexp, of: ValType): unknown => value((item as List).items, of);
  switch (type.kind) {
    case 'string':
    case 'char':
      return stringBytes(one as Atom).toString();
    case 'bool':
      return word(one) === 'true';
    case 'u64':
    case 's64': {
      const text = word(one).replaceAll('_', '');
      return text.startsWith('-') ? -BigInt(text.slice(1)) : BigInt(text);
    }
    case 'enum':
      return stringBytes(one as Atom).toString();
    case 'flags': {
      const set = rest.map((name) => stringBytes(name as Atom).toString());
      return Object.fromEntries(type.names.map((name) => [camel(name), set.includes(name)]));
    }
    case 'list': {
      const values = rest.map((item) => inner(item, type.element));
      const Numbers = isNumberKind(type.element.kind) ? NUMBER_ARRAYS[type.element.kind] : null;
      return Numbers === null ? values : (Numbers as { from(values: unknown[]): unknown }).from(values);
    }
    case 'tuple':
      return rest.map((item, i) => inner(item, type.elements[i] as ValType));
    case 'record':
      return Object.fromEntries(
        type.fields.map((field, i) => [camel(field.name), value((rest[i] as List).items.slice(2), field.type)]),
      );
    case 'variant': {
      const tag = stringBytes(one as Atom).toString();
      const payload = type.cases.find((item) => item.name === tag)?.type;
      return payload ? { tag, val: inner(others[0] as Sexp, payload) } : { tag };
    }
    case 'option': {
      const isSome = word(items[0]) === 'option.some';
      const some = isSome ? inner(one as Sexp, type.some) : undefined;
      return type.some.kind !== 'option' ? some : isSome ? { tag: 'some', val: some } : { tag: 'none' };
    }
    case 'result': {
      const tag = word(items[0]) === 'result.ok' ? 'ok' : 'err';
      const payload = type[tag];
      return { tag, val: payload ? inner(one as Sexp, payload) : undefined };
    }
    default:
      return number(word(one));
  }
}

const total: Record<Outcome, number> = { passed: 0, failed: 0, unsupported: 0 };
for (const file of readdirSync(dir, { recursive: true, encoding: 'utf8' }).sort()) {
  if (!file.endsWith('.wast')) continue;
  const counts = await new Script(join(dir, file)).run();
  for (const key of Object.keys(total) as Outcome[]) total[key] += counts[key];
  if (Object.values(counts).some((count) => count > 0)) console.log(relative(dir, join(dir, file)), counts);
}
console.log(total);
process.exitCode = total.failed > 0 ? 1 : 0;
