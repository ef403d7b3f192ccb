import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MAX_ARGUMENT_BYTES } from '../../src/cli/arguments.ts';
import { cofferdam, cofferdamInside, errorCode, makeFolder, makeStarter } from './support.ts';

const GUESTS = join(import.meta.dirname, '../../guests');

/** A summariser that sends what looks like a card number away, and the way that it takes. */
const DESK = {
  version: 1,
  principals: { desk: {} },
  tags: { 'customer:*': { kind: 'secrecy', owner: 'desk' } },
  compartments: {
    summarise: {
      wasm: join(GUESTS, 'summarise/summarise.wasm'),
      abi: 'assemblyscript',
      wit: { path: join(GUESTS, 'wit/desk.wit'), world: 'desk:text/summariser' },
      clearance: { secrecy: ['customer:*'] },
    },
    notify: {
      wasm: join(GUESTS, 'notify/notify.wasm'),
      abi: 'core',
      wit: { path: join(GUESTS, 'wit/desk.wit'), world: 'desk:out/notifier' },
      resources: ['webhook'],
    },
  },
  links: [
    { from: 'summarise', import: 'desk:out/notify', to: 'notify', post: true },
    { from: 'notify', import: 'desk:out/webhook', to: 'webhook' },
  ],
  resources: { webhook: { function: true } },
};

function writeManifest(manifest: object): string {
  const file = join(makeFolder(), 'manifest.json');
  writeFileSync(file, JSON.stringify(manifest));
  return file;
}

const greet = ['--call', 'greet.greet', '--args', '["Ada"]'];

describe('run', () => {
  it('prints the result with its label', async () => {
    const manifest = makeStarter();
    const text = await cofferdam(['run', manifest, ...greet, '--secrecy', 'customer:acme']);
    expect(text).toEqual({ code: 0, stdout: '"Hello, Ada!"\nlabel {customer:acme}, message 1\n', stderr: '' });
    const json = await cofferdam(['run', manifest, ...greet, '--public', '--json']);
    expect([json.code, json.stderr]).toEqual([0, '']);
    expect(JSON.parse(json.stdout)).toEqual({
      value: 'Hello, Ada!',
      label: { secrecy: [], integrity: [] },
      message: 1,
      denied: [],
    });
  });

  it('exits with 1 on a denial, and explains it in several lines', async () => {
    const manifest = makeStarter();
    const text = await cofferdam(['run', manifest, ...greet, '--secrecy', 'staff']);
    expect([text.code, text.stdout]).toEqual([1, '']);
    expect(text.stderr).toMatch(/^error FLOW_DENIED: .*\n( {2}\S.*\n){3,}$/);
    const json = await cofferdam(['run', manifest, ...greet, '--secrecy', 'staff', '--json']);
    expect([json.code, errorCode(json)]).toEqual([1, 'FLOW_DENIED']);
    expect(JSON.parse(json.stderr).error.details).toMatchObject({ condition: 'clearance', secrecy: ['staff'] });
  });

  const failures: readonly (readonly [string, readonly string[], string])[] = [
    ['no label', greet, 'LABEL_MISSING'],
    ['a tag that is not declared', [...greet, '--secrecy', 'nobody'], 'LABEL_TAG_UNDECLARED'],
    ['no such export', ['--call', 'greet.shout', '--public'], 'TARGET_UNKNOWN'],
    ['no such compartment', ['--call', 'nobody', '--public'], 'TARGET_UNKNOWN'],
    ['too few arguments', ['--call', 'greet.greet', '--public'], 'ARGUMENT_COUNT'],
    ['an argument of another type', ['--call', 'greet.greet', '--args', '[1]', '--public'], 'ARGUMENT_TYPE'],
  ];
  it.for(failures)('%s exits with 1', async ([, args, code]) => {
    const ended = await cofferdamInside(['run', makeStarter(), ...args, '--json']);
    expect([ended.code, errorCode(ended)]).toEqual([1, code]);
  });

  it('prints what goes to a resource, one JSON document per line', async () => {
    const manifest = writeManifest(DESK);
    const send = ['--call', 'notify.send', '--args', '["hello\\u202e"]', '--public'];
    const ended = await cofferdam(['run', manifest, ...send, '--resource', 'webhook=stdout']);
    const [line = '', ...rest] = ended.stdout.trimEnd().split('\n');
    expect(JSON.parse(line)).toMatchObject({ resource: 'webhook', compartment: 'notify', label: 'public' });
    expect([ended.code, rest]).toEqual([0, ['null', 'label public, message 1']]);
    expect(ended.stdout).not.toContain('\u202e');
    const without = await cofferdamInside(['run', manifest, ...send, '--json']);
    expect([without.code, errorCode(without)]).toEqual([1, 'RESOURCE_MISSING']);
  });
});

describe('what guests try among each other', () => {
  const call = ['--call', 'summarise.summarise', '--args', '["Our card 4111 1111 1111 1111 was charged twice."]'];
  const secret = [...call, '--secrecy', 'customer:acme', '--resource', 'webhook=stdout'];

  it('is told when it is denied, and changes nothing for the caller', async () => {
    const manifest = writeManifest(DESK);
    const text = await cofferdam(['run', manifest, ...secret]);
    expect(text.code).toBe(0);
    expect(text.stdout).toMatch(/^"Our card .*"\nlabel \{customer:acme\}, message \d+\n$/);
    expect(text.stderr).toMatch(/^denied summarise -> notify: .*\ndenied by rule 1 \(clearance\)/);
    const json = await cofferdamInside(['run', manifest, ...secret, '--json']);
    expect(JSON.parse(json.stdout).denied).toMatchObject([
      { from: 'summarise', to: 'notify', explanation: { rule: 1 } },
    ]);
  });

  it('arrives when it is not', async () => {
    const ended = await cofferdamInside([
      'run',
      writeManifest(DESK),
      ...call,
      '--public',
      '--resource',
      'webhook=stdout',
    ]);
    const [line = ''] = ended.stdout.split('\n');
    expect(JSON.parse(line)).toMatchObject({ resource: 'webhook', label: 'public' });
    expect([ended.code, ended.stderr]).toEqual([0, '']);
  });
});

describe('arguments', () => {
  it('come from a file or from stdin', async () => {
    const manifest = makeStarter();
    const file = join(makeFolder(), 'args.json');
    const name = 'a'.repeat(200_000); // longer than one argument of a process may be
    writeFileSync(file, JSON.stringify([name]));
    const call = ['run', manifest, '--call', 'greet.greet', '--public', '--json', '--args'];
    const fromFile = await cofferdam([...call, `@${file}`]);
    const fromStdin = await cofferdam([...call, '@-'], { input: JSON.stringify([name]) });
    for (const { code, stdout } of [fromFile, fromStdin]) {
      expect(code).toBe(0);
      expect(JSON.parse(stdout).value).toBe(`Hello, ${name}!`);
    }
  });

  const mistakes: readonly (readonly [string, string, string | Buffer, string, number])[] = [
    ['that are no JSON', '[', '', 'CLI_ARGS', 2],
    ['that are no array', '{"name": "Ada"}', '', 'CLI_ARGS', 2],
    ['nested without end', '['.repeat(60_000), '', 'CLI_ARGS', 2],
    ['in a file that is not there', '@no-such.json', '', 'CLI_FILE', 1],
    ['in a file without end', '@/dev/zero', '', 'CLI_ARGS', 2],
    ['on stdin, longer than the limit', '@-', Buffer.alloc(MAX_ARGUMENT_BYTES + 1, ' '), 'CLI_ARGS', 2],
    ['that hold more than a message may', '@-', JSON.stringify(['a'.repeat(2 ** 21)]), 'LIMIT_MESSAGE', 1],
  ];
  it.for(mistakes)('%s are refused', async ([, args, input, code, exit]) => {
    const call = ['run', makeStarter(), '--call', 'greet.greet', '--public', '--json', '--args', args];
    const ended = input === '' ? await cofferdamInside(call) : await cofferdam(call, { input });
    expect([errorCode(ended), ended.code, ended.stdout]).toEqual([code, exit, '']);
  });
});
