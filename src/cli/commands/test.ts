import { randomInt } from 'node:crypto';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { KINDS, type Kind } from '../../suite/case.ts';
import type { Scoreboard } from '../../suite/scoreboard.ts';
import type { Verdict } from '../../suite/verdict.ts';
import { VERSION } from '../../version.ts';
import { type CommandContext, type CommonOptions, makeCommand, withCommonOptions } from '../command.ts';
import type { Io } from '../io.ts';
import { jsonText } from '../json.ts';
import { safeLines } from '../output.ts';

interface TestOptions extends CommonOptions {
  readonly kind: readonly Kind[];
  readonly enclave?: boolean;
  readonly case?: string;
  readonly format: 'pretty' | 'tap' | 'junit' | 'json' | 'html';
  readonly seed?: number;
  readonly cases?: string;
  readonly host?: string;
  readonly list?: boolean;
}

const VERSIONS = { cofferdam: VERSION, node: process.versions.node };

/** The isolation suite. Exit code 1 when anything came through, or an allowed twin failed. */
export function testCommand({ io, finish }: CommandContext): Command {
  const command = makeCommand(
    'test',
    'attack this host: every case of the isolation suite, each with its allowed twin',
    [
      'cofferdam test',
      'cofferdam test --kind inline,worker --case leak',
      'cofferdam test --format html > isolation.html',
      'cofferdam test cofferdam.yaml',
    ],
  )
    .addOption(
      new Option('--kind <kinds>', `kinds of compartment, with commas between them (${KINDS.join(', ')})`)
        .argParser(parseKinds)
        .default(KINDS, 'all'),
    )
    .option('--enclave', 'every compartment is an enclave besides')
    .option('--case <text>', 'only cases with this text in their number or name')
    .addOption(
      new Option('--format <format>', 'how to print it')
        .choices(['pretty', 'tap', 'junit', 'json', 'html'])
        .default('pretty'),
    )
    .option('--seed <number>', 'of what cases do at random; it is printed', parseSeed)
    .option('--cases <file>', 'a module with more cases (default export: a list)')
    .option('--host <file>', 'a module that makes the host to try instead of ours (default export: a function)')
    .option('--list', 'name the cases, and try none');
  command.argument('[manifest]', 'attack this policy instead: each compartment in turn is replaced by a hostile twin');
  return withCommonOptions(command).action(async (manifest: string | undefined, options: TestOptions) => {
    if (manifest !== undefined) {
      const kinds = command.getOptionValueSource('kind') === 'default' ? [null] : options.kind;
      return finish(await attackManifest(manifest, { ...options, kinds }, io));
    }
    // Only here: no other command needs the code that runs guests, and each is to start fast.
    const { runSuite, selectCases } = await import('../../suite/run.ts');
    const narrowed = {
      ...(options.case === undefined ? {} : { pattern: options.case }),
      ...(options.cases === undefined ? {} : { casesFile: options.cases }),
    };
    const cases = (await selectCases(narrowed)).map((selected) => selected.case);
    if (options.list === true) {
      const rows = cases.map(({ number, name, group, title }) => ({ number, name, group, title }));
      await io.stdout.write(options.json === true ? jsonText(rows) : safeLines(rows.map(lineOf).join('')));
      return;
    }
    const { makeScoreboard } = await import('../../suite/scoreboard.ts');
    const seed = options.seed ?? randomInt(2 ** 31);
    const startedAt = new Date().toISOString();
    const started = performance.now();
    const verdicts = await runSuite({
      ...narrowed,
      kinds: options.kind,
      enclave: options.enclave === true,
      seed,
      ...(options.host === undefined ? {} : { hostFile: options.host }),
      onVerdict: (verdict, done, all) => progress(io, verdict, done, all),
    });
    if (io.stderr.isTerminal) await io.stderr.write('\r\x1b[K');
    const board = makeScoreboard(cases, verdicts, {
      versions: VERSIONS,
      subject: options.host ?? 'cofferdam',
      seed,
      startedAt,
      ms: performance.now() - started,
    });
    await io.stdout.write(await render(board, options.json === true ? 'json' : options.format, io));
    finish(board.failed === 0 ? 'done' : 'failed');
  });
}

interface ManifestOptions extends Omit<TestOptions, 'kind'> {
  /** Null: as the manifest declares them. */
  readonly kinds: readonly (Kind | null)[];
}

/** Each compartment in turn turns hostile. `failed` when anything arrived where no way of the manifest leads. */
async function attackManifest(manifest: string, options: ManifestOptions, io: Io): Promise<'done' | 'failed'> {
  const { attackPolicy } = await import('../../suite/policy/attack-policy.ts');
  const { renderFindings, scoreboardOf } = await import('../../suite/policy/report.ts');
  const startedAt = new Date().toISOString();
  const started = performance.now();
  const onProgress = (hostile: string, attempts: number) => {
    if (io.stderr.isTerminal) void io.stderr.write(`\r\x1b[K${attempts} attempts, ${hostile}`).catch(() => undefined);
  };
  const report = await attackPolicy(manifest, { kinds: options.kinds, onProgress });
  if (io.stderr.isTerminal) await io.stderr.write('\r\x1b[K');
  const about = { versions: VERSIONS, subject: manifest, seed: 0, startedAt, ms: performance.now() - started };
  const format = options.json === true ? 'json' : options.format;
  const text =
    format === 'pretty'
      ? renderFindings(report, (style, text) => io.stdout.style(style, text))
      : format === 'json'
        ? jsonText(report)
        : await render(scoreboardOf(report, about), format, io);
  await io.stdout.write(text);
  return report.findings.some(({ arrival }) => arrival === 'leak') ? 'failed' : 'done';
}

async function render(board: Scoreboard, format: TestOptions['format'], io: Io): Promise<string> {
  switch (format) {
    case 'json':
      return jsonText(board);
    case 'tap':
      return (await import('../../suite/report/tap.ts')).renderTap(board);
    case 'junit':
      return (await import('../../suite/report/junit.ts')).renderJunit(board);
    case 'html':
      return (await import('../../suite/report/html.ts')).renderHtml(board);
    case 'pretty': {
      const { renderPretty } = await import('../../suite/report/pretty.ts');
      return renderPretty(board, (style, text) => io.stdout.style(style, text));
    }
  }
}

/** One line that is written over: only where a person sees it. */
function progress(io: Io, { number, name, kind }: Verdict, done: number, all: number): void {
  if (!io.stderr.isTerminal) return;
  void io.stderr.write(`\r\x1b[K${done}/${all} ${number} ${name} (${kind})`).catch(() => undefined);
}

function lineOf({
  number,
  name,
  group,
  title,
}: {
  number: number;
  name: string;
  group: string;
  title: string;
}): string {
  return `${String(number).padStart(4)} ${name.padEnd(28)} ${group}: ${title}\n`;
}

function parseKinds(text: string): readonly Kind[] {
  const kinds = text.split(',').map((part) => part.trim());
  const unknown = kinds.find((kind) => !(KINDS as readonly string[]).includes(kind));
  if (unknown !== undefined)
    throw new InvalidArgumentError(`There is no kind '${unknown}'. Kinds: ${KINDS.join(', ')}.`);
  return kinds as Kind[];
}

function parseSeed(text: string): number {
  const seed = Number(text);
  if (Number.isInteger(seed) && seed >= 0 && seed < 2 ** 31) return seed;
  throw new InvalidArgumentError('A seed is a whole number from 0 to 2147483647.');
}
