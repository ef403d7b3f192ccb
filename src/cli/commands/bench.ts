import { type Command, InvalidArgumentError } from 'commander';
import type { Result } from '../../bench/result.ts';
import type { PeerChoice } from '../../bench/select.ts';
import { type CommandContext, makeCommand } from '../command.ts';
import { writeFileAt } from '../files.ts';
import type { Io } from '../io.ts';
import { jsonText } from '../json.ts';
import { safeLines } from '../output.ts';

interface BenchOptions {
  readonly json?: string;
  readonly html?: string;
  readonly markdown?: string;
  readonly rows: string;
  readonly peers: PeerChoice;
  readonly quick: boolean;
  readonly install: boolean;
  readonly compare?: string;
  readonly failOnRegression?: boolean;
  readonly list?: boolean;
}

/** Cofferdam and its peers side by side. Exit code 1 when a subject failed; missing a target is no failure. */
export function benchCommand({ io, finish }: CommandContext): Command {
  return makeCommand('bench', 'measure what crossings cost here, beside what they cost elsewhere', [
    'cofferdam bench',
    "cofferdam bench --rows '^call' --json figures.json",
    'cofferdam bench --peers none --quick',
  ])
    .option('--json <file>', 'write the figures there as JSON (schema/bench.schema.json)')
    .option('--html <file>', 'write a page with charts there, which needs nothing beside it')
    .option('--markdown <file>', 'write a table there')
    .option('--rows <pattern>', 'only rows whose id matches this regular expression', '')
    .option('--peers <list>', 'all, none, or names with commas between them', parsePeers, 'all')
    .option('--quick', 'a few samples: says that it works, not how fast', false)
    .option('--no-install', 'do not install peers that are not there')
    .option('--compare <file>', 'tell change from noise, against figures that --json wrote earlier')
    .option('--fail-on-regression', 'with --compare: exit code 1 when something of ours became slower')
    .option('--list', 'name the rows, and measure none')
    .option('--verbose', 'show causes and stack traces of errors')
    .action(async (options: BenchOptions) => finish((await bench(options, io)) ? 'done' : 'failed'));
}

/** False when a subject failed. */
async function bench({ json, html, markdown, rows: pattern, ...options }: BenchOptions, io: Io): Promise<boolean> {
  // Only here: no other command needs this code, and each is to start fast.
  const { ROWS } = await import('../../bench/rows.ts');
  const { selectRows } = await import('../../bench/select.ts');
  const rows = selectRows(ROWS, pattern, options.peers);
  if (options.list === true) {
    await io.stdout.write(rows.map(({ id, what }) => `${id.padEnd(24)} ${what}\n`).join(''));
    return true;
  }
  const { readFigures } = await import('../../bench/read-figures.ts');
  const old = options.compare === undefined ? null : await readFigures(options.compare);
  const { describeMachine } = await import('../../bench/machine.ts');
  const { QUICK, THOROUGH } = await import('../../bench/measure.ts');
  const { runRow } = await import('../../bench/result.ts');
  const { Scene } = await import('../../bench/scene.ts');
  const { formatResult, summarise } = await import('../../bench/table.ts');
  using scene = new Scene();
  if (options.install && options.peers !== 'none') {
    await scene.peers.install((line) => void io.stderr.write(`${line}\n`).catch(() => undefined));
  }
  const startedAt = new Date();
  const started = performance.now();
  const { cpu, cores } = describeMachine();
  const remark = options.quick ? ' (quick: these figures mean little)' : '';
  await io.stdout.write(`${cpu}, ${cores} cores, Node ${process.versions.node}${remark}\n\n`);
  const results: Result[] = [];
  for (const row of rows) {
    const result = await runRow(row, scene, options.quick ? QUICK : THOROUGH);
    results.push(result);
    await io.stdout.write(safeLines(`${formatResult(result)}\n\n`));
  }
  const info = { startedAt, seconds: (performance.now() - started) / 1000, quick: options.quick };
  const { toFigures } = await import('../../bench/json.ts');
  const figures = toFigures(results, scene.peers, info);
  if (json !== undefined) await writeFileAt(json, jsonText(figures));
  if (html !== undefined) {
    const { renderPage } = await import('../../bench/page.ts');
    const { pageScript } = await import('../../bench/page-script.ts');
    await writeFileAt(html, renderPage(figures, await pageScript()));
  }
  if (markdown !== undefined) {
    const { toMarkdown } = await import('../../bench/markdown.ts');
    await writeFileAt(markdown, `${toMarkdown(results)}\n`);
  }
  await io.stdout.write(`${summarise(results)}\n`);
  let isFine = true;
  if (old !== null) {
    const { compareFigures } = await import('../../bench/compare.ts');
    const { formatComparison, hasRegressed } = await import('../../bench/compare-text.ts');
    const comparison = compareFigures(old, figures);
    await io.stdout.write(safeLines(`\n${formatComparison(comparison)}`));
    isFine = options.failOnRegression !== true || !hasRegressed(comparison);
  }
  return isFine && !results.some(({ outcomes }) => [...outcomes.values()].some(({ kind }) => kind === 'failed'));
}

function parsePeers(text: string): PeerChoice {
  if (text === 'all' || text === 'none') return text;
  const names = text.split(',').map((part) => part.trim());
  if (names.every((name) => name !== '')) return names;
  throw new InvalidArgumentError('Write all, none, or names with commas between them.');
}
