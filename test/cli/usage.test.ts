import { describe, expect, it } from 'vitest';
import { VERSION } from '../../src/version.ts';
import { cofferdam, cofferdamInside, errorCode } from './support.ts';

const COMMANDS = [
  ['run'],
  ['bench'],
  ['check'],
  ['inspect'],
  ['types'],
  ['audit'],
  ['audit', 'verify'],
  ['audit', 'denials'],
  ['audit', 'gates'],
  ['audit', 'trace'],
  ['audit', 'export'],
  ['init'],
  ['ps'],
  ['watch'],
  ['suspend'],
  ['resume'],
  ['stop'],
  ['replace'],
];

describe('help', () => {
  it.for(COMMANDS)('of %s has an example', async (command) => {
    const { code, stdout, stderr } = await cofferdamInside([...command, '--help']);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/Examples?:\n {2}\$ cofferdam /);
  });

  it('names every command', async () => {
    const { code, stdout } = await cofferdam(['--help']);
    expect(code).toBe(0);
    for (const [name] of COMMANDS) expect(stdout).toContain(`\n  ${name}`);
  });

  it('--version is that of the package', async () => {
    expect(await cofferdam(['--version'])).toEqual({ code: 0, stdout: `${VERSION}\n`, stderr: '' });
  });
});

const MISTAKES: readonly (readonly [string, readonly string[]])[] = [
  ['no command', []],
  ['an unknown command', ['frobnicate']],
  ['an unknown option', ['check', 'x.yaml', '--frobnicate']],
  ['no manifest', ['check']],
  ['too many arguments', ['inspect', 'a.wasm', 'b.wasm']],
  ['no --call', ['run', 'x.yaml']],
  ['an unknown format', ['check', 'x.yaml', '--format', 'pdf']],
  ['--why with one word', ['check', 'guests/starter/cofferdam.yaml', '--no-types', '--why', 'customer:acme']],
  ['a resource without a stream', ['run', 'x.yaml', '--call', 'a.b', '--resource', 'webhook']],
  ['a head that is none', ['audit', 'verify', 'x.db', '--head', '12:beef']],
  ['a message that is no number', ['audit', 'trace', 'x.db', '--message', '-1']],
  ['a time that is none', ['audit', 'denials', 'x.db', '--since', 'yesterday']],
  ['a compartment that is not named', ['stop']],
  ['a grace that is no time', ['stop', 'x', '--grace', 'soon']],
  ['a digest that is none', ['replace', 'x', '--sha256', 'beef']],
  ['an unknown kind of event', ['audit', 'export', 'x.db', '--kind', 'party']],
];

describe('a mistake at the keyboard exits with 2', () => {
  it.for(MISTAKES)('%s', async ([, args]) => {
    const ended = await cofferdamInside([...args, '--json']);
    expect([ended.code, ended.stdout, errorCode(ended)]).toEqual([2, '', 'CLI_USAGE']);
  });

  it('--why in a drawing', async () => {
    const question = ['check', 'guests/starter/cofferdam.yaml', '--no-types', '--why', 'staff', 'x', '--format', 'dot'];
    const { code, stderr } = await cofferdamInside(question);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^error CLI_USAGE: /);
  });

  it('and says so in words without --json, without a stack trace', async () => {
    const { code, stdout, stderr } = await cofferdam(['check']);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^error CLI_USAGE: .*\n$/);
  });
});

describe('colour', () => {
  it('is not written where nobody sees it, unless it is forced', async () => {
    const plain = await cofferdam(['check', 'no-such.yaml']);
    const forced = await cofferdam(['check', 'no-such.yaml'], { env: { FORCE_COLOR: '1', NO_COLOR: '' } });
    expect(plain.stderr).not.toContain('\u001b');
    expect(forced.stderr).toContain('\u001b[');
    expect(forced.code).toBe(1);
  });
});

describe('--verbose', () => {
  it('shows where an error comes from', async () => {
    const { code, stderr } = await cofferdam(['inspect', 'no-such.wasm', '--verbose']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error LOAD_NOT_FOUND: .*\n/);
    expect(stderr).toMatch(/\n {4}at /);
  });
});
