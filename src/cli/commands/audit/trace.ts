import { type Command, Option } from 'commander';
import { renderTrace, type TraceFormat, trace } from '../../../audit/index.ts';
import { type CommandContext, type CommonOptions, makeCommand, withCommonOptions } from '../../command.ts';
import { journalPath } from '../../journal-path.ts';
import { JOURNAL_ARGUMENT, wholeNumber } from './filters.ts';

interface TraceOptions extends CommonOptions {
  readonly tag?: string;
  readonly message?: number;
  readonly instance?: string;
  readonly run?: number;
  readonly direction: 'forward' | 'backward';
  readonly format: TraceFormat;
}

export function traceCommand({ io }: CommandContext): Command {
  const command = makeCommand('trace', 'where did data go, and where did it come from', [
    'cofferdam audit trace cofferdam.yaml --tag customer:acme',
    'cofferdam audit trace cofferdam.yaml --message 17 --direction backward',
  ])
    .argument(...JOURNAL_ARGUMENT)
    .option('--tag <tag>', 'begin with all data that carries this tag')
    .option('--message <number>', 'begin with this message', wholeNumber)
    .option('--instance <id>', 'begin with this instance, session or host')
    .option('--run <number>', 'the run that the message or instance is of; default: the last', wholeNumber)
    .addOption(new Option('--direction <direction>', 'where to').choices(['forward', 'backward']).default('forward'))
    .addOption(
      new Option('--format <format>', 'how to print it').choices(['text', 'json', 'mermaid', 'dot']).default('text'),
    );
  return withCommonOptions(command).action(async (path: string, options: TraceOptions) => {
    const { tag, message, instance, run, direction, json, format } = options;
    const graph = trace(await journalPath(path), { direction, tag, message, instance, run });
    await io.stdout.write(renderTrace(graph, json === true ? 'json' : format));
  });
}
