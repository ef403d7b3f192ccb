import { type Command, InvalidArgumentError, Option } from 'commander';
import { CofferdamError } from '../../error.ts';
import { measurementsOf, mismatchesOf } from '../../host/measurements.ts';
import {
  type Analysis,
  analyse,
  type CheckReport,
  loadManifest,
  type Policy,
  planFailures,
  renderDot,
  renderFailures,
  renderJson,
  renderMermaid,
  renderText,
  renderWhy,
  renderWhyJson,
  reportOf,
  why,
} from '../../policy/index.ts';
import { type CommandContext, type CommonOptions, makeCommand, withCommonOptions } from '../command.ts';
import { jsonText } from '../json.ts';
import { safeLines } from '../output.ts';
import { loadWorlds } from '../worlds.ts';
import { describeMismatch } from './measure.ts';

const FORMATS = {
  text: renderText,
  json: renderJson,
  mermaid: renderMermaid,
  dot: renderDot,
} as const satisfies Record<string, (report: CheckReport) => string>;

interface CheckOptions extends CommonOptions {
  readonly format: keyof typeof FORMATS;
  readonly why?: readonly string[];
  readonly types: boolean;
  readonly failures?: number;
}

/** What can flow where, before anything runs. Exit code 1 when a `forbid` rule can be broken. */
export function checkCommand({ io, finish }: CommandContext): Command {
  const command = makeCommand('check', 'what can flow where under a manifest, before anything runs', [
    'cofferdam check cofferdam.yaml',
    'cofferdam check cofferdam.yaml --why customer:acme webhook',
    'cofferdam check cofferdam.yaml --format mermaid',
    'cofferdam check cofferdam.yaml --failures 2',
  ])
    .argument('<manifest>', 'the manifest (YAML or JSON)')
    .addOption(new Option('--format <format>', 'how to print it').choices(Object.keys(FORMATS)).default('text'))
    .option('--why <tag resource...>', 'only: by which ways can data with this tag get to this resource?')
    .option('--failures <count>', 'only: do the workers still suffice when so many have failed?', parseCount)
    .option('--no-types', 'do not load the guests: less exact where links name only interfaces');
  return withCommonOptions(command).action(async (manifest: string, options: CheckOptions) => {
    const format = options.json === true ? 'json' : options.format;
    const policy = await loadManifest(manifest);
    const analysis = analyse(policy, options.types ? await loadWorlds(policy) : new Map());
    if (options.why) {
      await io.stdout.write(answerWhy(analysis, options.why, format));
      return;
    }
    if (options.failures !== undefined) {
      const plan = planFailures(analysis, options.failures);
      await io.stdout.write(options.json === true ? jsonText(plan) : safeLines(renderFailures(plan)));
      finish(plan.ok ? 'done' : 'failed');
      return;
    }
    const report = reportOf(analysis);
    const text = FORMATS[format](report);
    await io.stdout.write(format === 'json' ? text : safeLines(text));
    const mismatches = options.types && isMeasured(policy) ? mismatchesOf(policy, await measurementsOf(policy)) : [];
    // Beside the report, so that each format stays one document.
    for (const mismatch of mismatches) await io.stderr.write(safeLines(describeMismatch(mismatch)));
    finish(report.ok && mismatches.length === 0 ? 'done' : 'failed');
  });
}

function parseCount(text: string): number {
  const count = Number(text);
  if (/^\d{1,4}$/.test(text)) return count;
  throw new InvalidArgumentError('Write a number of workers, such as 2.');
}

function isMeasured({ links }: Policy): boolean {
  return links.some(({ measurement }) => measurement !== null);
}

function answerWhy(analysis: Analysis, question: readonly string[], format: CheckOptions['format']): string {
  const [tag, resource] = question;
  if (tag === undefined || resource === undefined || question.length > 2) {
    throw new CofferdamError('CLI_USAGE', '--why takes a tag and a resource, such as: --why customer:acme webhook.');
  }
  if (format !== 'text' && format !== 'json') {
    throw new CofferdamError('CLI_USAGE', `--why answers in text or JSON, not in ${format}.`);
  }
  const ways = why(analysis, tag, resource);
  return format === 'json' ? renderWhyJson(tag, resource, ways) : safeLines(renderWhy(tag, resource, ways));
}
