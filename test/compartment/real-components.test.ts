import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { componentEmbed, componentNew } from '@bytecodealliance/jco-transpile/wasm-tools';
import { beforeAll, describe, expect, it } from 'vitest';
import { inBoth, type MadeHere, type Running, runHere } from './both-runtimes.ts';
import { sandboxedWasi } from './jco-host.ts';
import { canPassHandles } from './kinds.ts';

// Components of real toolchains, here and in jco's runtime: what they answer, print and refuse must be the same.

const ROOT = join(import.meta.dirname, '../..');
const file = (path: string) => readFileSync(join(ROOT, path));

/** `trap` for what ends the call; the words differ. */
function attempt(run: () => unknown): unknown {
  try {
    return run();
  } catch {
    return 'trap';
  }
}

describe('@arcjet/redact-wasm (Rust, callbacks)', () => {
  const bytes = file('node_modules/@arcjet/redact-wasm/wasm/arcjet_analyze_bindings_redact.component.wasm');
  const options = { entities: undefined, contextWindowSize: 1, skipCustomDetect: false, skipCustomRedact: false };
  const texts = [
    '',
    'nothing here',
    'mail jo@example.com now',
    'card 4111 1111 1111 1111, ask 10.0.0.1 ☃',
    'word zebra',
  ];

  it('finds the same', async () => {
    const seen: unknown[] = [];
    const imports = () => ({
      'arcjet:redact/custom-redact': {
        detectSensitiveInfo: (tokens: string[]) => {
          seen.push(tokens);
          return tokens.map((token) => (token === 'zebra' ? { tag: 'custom', val: 'animal' } : undefined));
        },
        redactSensitiveInfo: (entity: { tag: string }, text: string) =>
          entity.tag === 'custom' ? `[${text.length}]` : undefined,
      },
    });
    const only = { ...options, entities: [{ tag: 'ip-address' }, { tag: 'custom', val: 'animal' }] };
    const scenario = ({ call }: Running) =>
      texts.flatMap((text) => [call('redact', text, options), call('redact', text, only)]);
    const { here, jco } = await inBoth(bytes, imports, scenario);
    expect(here).toEqual(jco);
    expect(here).toContainEqual([
      expect.objectContaining({ original: 'jo@example.com', identifiedType: { tag: 'email' } }),
    ]);
    expect(here.at(-1)).toMatchObject([{ original: 'zebra', redacted: '[5]' }]);
    expect(seen.slice(0, seen.length / 2)).toEqual(seen.slice(seen.length / 2));
  });
});

describe('JavaScript in QuickJS', () => {
  it('answers the same', async () => {
    const texts = ['', 'I was charged twice, please refund', 'The site is DOWN!! 502', 'ünï ☃ \u{1F600}'];
    const scenario = ({ call }: Running) => texts.map((text) => call('desk:text/classify#classify', text));
    const { here, jco } = await inBoth(file('guests/classify/classify.wasm'), () => ({}), scenario);
    expect(here).toEqual(jco);
    expect(here[1]).toEqual({ topic: 'billing', urgency: 1, signals: ['charged', 'twice', 'refund'] });
  });
});

describe.runIf(canPassHandles())('C with wasi-libc, adapted to WASI 0.2', () => {
  it('counts and prints the same', async () => {
    const printed: string[][] = [];
    const imports = () => {
      const lines: string[] = [];
      printed.push(lines);
      return sandboxedWasi((stream, bytes) => lines.push(`${stream}: ${Buffer.from(bytes)}`));
    };
    const texts = ['one', 'two words\nin lines\n', `${'wïde ☃ '.repeat(10_000)}`];
    const scenario = ({ call }: Running) => texts.map((text) => call('desk:text/count#count', text));
    const { here, jco } = await inBoth(file('guests/count/count.component.wasm'), imports, scenario);
    expect(here).toEqual(jco);
    expect(here[1]).toEqual({ words: 4, lines: 2, chars: 19 });
    expect(printed[0]).toEqual(printed[1]);
    expect(printed[0]?.join('')).toContain('counted 4 words');
  });

  it('counts nothing', async () => {
    // jco passes 1 as the pointer of an empty string without asking the guest's realloc, as the canonical ABI demands
    // (`store_string_copy`); this guest frees what it is given, and traps there.
    const { call } = await runHere(
      file('guests/count/count.component.wasm'),
      sandboxedWasi(() => undefined),
    );
    expect(call('desk:text/count#count', '')).toEqual({ words: 0, lines: 0, chars: 0 });
  });
});

describe.runIf(canPassHandles())('Rust with a resource and variants', () => {
  let bytes: Uint8Array;
  beforeAll(async () => {
    const binary = file('guests/tally/tally.wasm');
    const witSource = file('guests/tally/tally.wit').toString();
    bytes = await componentNew(await componentEmbed({ binary, witSource, world: 'guest' }), []);
  });
  const WORDS = 'desk:tally/words#';
  const make = ({ call }: Running, stopWords: string[] = []) => call(`${WORDS}[constructor]tally`, stopWords);
  const add = ({ call }: Running, tally: unknown, text: string) => call(`${WORDS}[method]tally.add`, tally, text);
  const top = ({ call }: Running, tally: unknown, limit = 10) => call(`${WORDS}[method]tally.top`, tally, limit);
  const alive = ({ call }: Running) => call(`${WORDS}alive`);

  it('makes, lends, gives away and drops', async () => {
    const scenario = (running: Running) => {
      const one = make(running, ['the', 'a']);
      const other = make(running);
      const answers = [
        add(running, one, 'The cat and the dog and a Cat'),
        add(running, other, 'cat ünï ünï'),
        top(running, one),
        top(running, other, 1),
        top(running, make(running)),
      ];
      const both = running.call(`${WORDS}[static]tally.merged`, one, other);
      answers.push(top(running, both), top(running, one), alive(running));
      running.call(`${WORDS}[method]tally.absorb`, one, other);
      answers.push(top(running, one), alive(running));
      for (const tally of [one, both]) (tally as Disposable)[Symbol.dispose]();
      return [...answers, alive(running), attempt(() => top(running, one)), attempt(() => add(running, other, 'x'))];
    };
    const { here, jco } = await inBoth(bytes, () => ({}), scenario);
    expect(here).toEqual(jco);
    const cat: unknown[] = ['cat', 3];
    expect(here).toEqual([
      ...[
        5,
        3,
        [
          ['and', 2],
          ['cat', 2],
          ['dog', 1],
        ],
        [['ünï', 2]],
        [],
      ],
      ...[
        [cat, ['and', 2], ['ünï', 2], ['dog', 1]],
        [
          ['and', 2],
          ['cat', 2],
          ['dog', 1],
        ],
        4,
      ],
      ...[[cat, ['and', 2], ['ünï', 2], ['dog', 1]], 3, 1, 'trap', 'trap'],
    ]);
  });

  it('refuses another instance’s resource', async () => {
    const [mine, other]: MadeHere[] = [await runHere(bytes, {}), await runHere(bytes, {})] as never;
    const theirs = make(other as Running);
    expect(() => top(mine as Running, theirs)).toThrow(expect.objectContaining({ code: 'ARGUMENT_TYPE' }));
    expect(top(other as Running, theirs)).toEqual([]);
  });

  it('reads values of every case', async () => {
    const texts = [
      '',
      'true',
      'false',
      '-9223372036854775808',
      '9223372036854775808',
      '-0.5',
      'NaN',
      'inf',
      '☃',
      '"☃ text"',
      '"',
      '"open',
      'word',
    ];
    const scenario = ({ call }: Running) => texts.map((text) => call('desk:tally/value#parse', text));
    const { here, jco } = await inBoth(bytes, () => ({}), scenario);
    expect(here).toEqual(jco);
    const ok = (tag: string, val?: unknown) => ({ tag: 'ok', val: { tag, val } });
    const err = (at: number, expected: string) => ({ tag: 'err', val: { at, expected } });
    expect(here).toEqual([
      ...[ok('nothing'), ok('flag', true), ok('flag', false), ok('whole', -(2n ** 63n)), ok('real', 2 ** 63)],
      ...[ok('real', -0.5), ok('real', Number.NaN), ok('real', Number.POSITIVE_INFINITY), ok('letter', '☃')],
      ...[ok('text', '☃ text'), err(1, 'a quotation mark'), err(5, 'a quotation mark'), err(0, 'a value')],
    ]);
  });
});
