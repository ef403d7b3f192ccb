import { type Command, InvalidArgumentError } from 'commander';
import type { Figures } from '../../bench/figures.ts';
import type { Result } from '../../bench/result.ts';
import type { Row } from '../../bench/row.ts';
import type { Scale } from '../../bench/scaling/scale.ts';
import type { Scene } from '../../bench/scene.ts';
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
  readonly scaling?: boolean;
  readonly records: number;
  readonly list?: boolean;
}

/** Cofferdam and its peers side by side. Exit code 1 when a subject failed; missing a target is no failure. */
export function benchCommand({ io, finish }: CommandContext): Command {
  return makeCommand('bench', 'measure what crossings cost here, beside what they cost elsewhere', [
    'cofferdam bench',
    'cofferdam bench --html bench.html',
    "cofferdam bench --rows '^call' --json figures.json",
    "cofferdam bench --rows '^call' --compare figures.json --fail-on-regression",
  ])
    .argument(
      '[manifest]',
      "measure this application's own edges instead: what each crossing costs, and what would make it cheaper",
    )
    .option('--json <file>', 'write the figures there as JSON (schema/bench.schema.json)')
    .option('--html <file>', 'write a page with charts there, which needs nothing beside it')
    .option('--markdown <file>', 'write a table there')
    .option('--rows <pattern>', 'only rows whose id matches this regular expression', '')
    .option('--peers <list>', 'all, none, or names with commas between them', parsePeers, 'all')
    .option('--quick', 'a few samples: says that it works, not how fast', false)
    .option('--no-install', 'do not install peers that are not there')
    .option('--compare <file>', 'tell change from noise, against figures that --json wrote earlier')
    .option('--fail-on-regression', 'with --compare: exit code 1 when something of ours became slower')
    .option('--scaling', 'measure how cost grows with work, too (rows scale.*); part of --html unless --quick')
    .option('--records <number>', 'up to so many records in a journal that grows', parseRecords, 1_000_000)
    .option('--list', 'name the rows, and measure none')
    .option('--verbose', 'show causes and stack traces of errors')
    .action(async (manifest: string | undefined, options: BenchOptions) =>
      finish((await bench(options, io, manifest)) ? 'done' : 'failed'),
    );
}

/** False when a subject failed, or something regressed that was not to. */
async function bench(options: BenchOptions, io: Io, manifest?: string): Promise<boolean> {
  // Only here: no other command needs this code, and each is to start fast.
  const { chooseRows } = await import('../../bench/choose.ts');
  const { rows, scales } = manifest === undefined || options.rows !== '' ? chooseRows(options) : NOTHING;
  if (options.list === true) {
    await io.stdout.write([...rows, ...scales].map(({ id, what }) => `${id.padEnd(24)} ${what}\n`).join(''));
    return true;
  }
  const { readFigures } = await import('../../bench/read-figures.ts');
  const old = options.compare === undefined ? null : await readFigures(options.compare);
  const { Scene } = await import('../../bench/scene.ts');
  using scene = new Scene();
  if (rows.length > 0 && options.install && options.peers !== 'none') {
    await scene.peers.install((line) => void io.stderr.write(`${line}\n`).catch(() => undefined));
  }
  const { results, figures } = await measure({ rows, scales, manifest }, scene, options, io);
  await writeFiles(results, figures, options);
  const { summarise } = await import('../../bench/table.ts');
  if (rows.length > 0) await io.stdout.write(`${summarise(results)}\n`);
  const hasFailed = figures.missing.some(({ kind }) => kind === 'failed');
  if (old === null) return !hasFailed;
  const { compareFigures } = await import('../../bench/compare.ts');
  const { formatComparison, hasRegressed } = await import('../../bench/compare-text.ts');
  const comparison = compareFigures(old, figures);
  await io.stdout.write(safeLines(`\n${formatComparison(comparison)}`));
  return !hasFailed && !(options.failOnRegression === true && hasRegressed(comparison));
}

/** Where a manifest is given, only that is measured unless rows are asked for. */
const NOTHING = { rows: [], scales: [] };

interface Wanted {
  readonly rows: readonly Row[];
  readonly scales: readonly Scale[];
  readonly manifest: string | undefined;
}

interface Measurements {
  readonly results: readonly Result[];
  readonly figures: Figures;
}

/** Measures one row after the other, and prints each when it is done. */
async function measure(
  { rows, scales, manifest }: Wanted,
  scene: Scene,
  { quick }: BenchOptions,
  io: Io,
): Promise<Measurements> {
  const { describeMachine } = await import('../../bench/machine.ts');
  const { QUICK, THOROUGH } = await import('../../bench/measure.ts');
  const { runRow } = await import('../../bench/result.ts');
  const { runScale, SCALING } = await import('../../bench/scaling/scale.ts');
  const { formatResult, formatScaling } = await import('../../bench/table.ts');
  const { toFigures } = await import('../../bench/json.ts');
  const startedAt = new Date();
  const started = performance.now();
  const { cpu, cores } = describeMachine();
  const remark = quick ? ' (quick: these figures mean little)' : '';
  await io.stdout.write(`${cpu}, ${cores} cores, Node ${process.versions.node}${remark}\n\n`);
  const results: Result[] = [];
  for (const row of rows) {
    const result = await runRow(row, scene, quick ? QUICK : THOROUGH);
    results.push(result);
    await io.stdout.write(safeLines(`${formatResult(result)}\n\n`));
  }
  const scaling: Figures['scaling'] = [];
  const missing: Figures['missing'] = [];
  for (const scale of scales) {
    const scaled = await runScale(scale, scene, quick ? QUICK : SCALING);
    scaling.push(...scaled.curves);
    missing.push(...scaled.missing);
    await io.stdout.write(safeLines(`${formatScaling(scale, scaled)}\n\n`));
  }
  let application: Figures['application'] = null;
  if (manifest !== undefined) {
    const { measureApplication } = await import('../../bench/application/measure.ts');
    const { formatApplication } = await import('../../bench/application/text.ts');
    application = await measureApplication(manifest, quick ? QUICK : SCALING, (edge) => progress(io, edge));
    progress(io, '');
    await io.stdout.write(safeLines(formatApplication(application)));
  }
  const seconds = (performance.now() - started) / 1000;
  return {
    results,
    figures: toFigures(results, scene.peers, { startedAt, seconds, quick, scaling, missing, application }),
  };
}

/** One line that is written over: only where a person sees it. */
function progress(io: Io, text: string): void {
  if (io.stderr.isTerminal) void io.stderr.write(`\r\x1b[K${safeLines(text)}`).catch(() => undefined);
}

async function writeFiles(
  results: readonly Result[],
  figures: Figures,
  { json, html, markdown }: BenchOptions,
): Promise<void> {
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
}

function parsePeers(text: string): PeerChoice {
  if (text === 'all' || text === 'none') return text;
  const names = text.split(',').map((part) => part.trim());
  if (names.every((name) => name !== '')) return names;
  throw new InvalidArgumentError('Write all, none, or names with commas between them.');
}

function parseRecords(text: string): number {
  const records = Number(text);
  if (Number.isInteger(records) && records >= 100_000 && records <= 100_000_000) return records;
  throw new InvalidArgumentError('Write a whole number from 100000 to 100000000.');
}
