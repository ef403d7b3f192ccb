import { type Command, Option } from 'commander';
import { EVENT_KINDS, type EventKind, type ExportFormat, exportEvents, queryEvents } from '../../../audit/index.ts';
import { type CommandContext, makeCommand, withCommonOptions } from '../../command.ts';
import { journalPath } from '../../journal-path.ts';
import { writeJsonArray, writePieces } from '../../stream.ts';
import { type FilterOptions, filterOf, JOURNAL_ARGUMENT, withFilters } from './filters.ts';

interface ExportOptions extends FilterOptions {
  readonly format: ExportFormat;
  readonly kind?: readonly EventKind[];
}

export function exportCommand({ io }: CommandContext): Command {
  const command = makeCommand('export', 'write events as JSON lines or CSV', [
    'cofferdam audit export cofferdam.yaml --kind denied gate --format csv > events.csv',
  ])
    .argument(...JOURNAL_ARGUMENT)
    .addOption(new Option('--format <format>', 'one event per line').choices(['jsonl', 'csv']).default('jsonl'))
    .addOption(new Option('--kind <kind...>', 'only events of these kinds').choices(EVENT_KINDS));
  return withCommonOptions(withFilters(command)).action(async (path: string, options: ExportOptions) => {
    const { format, kind: kinds, json } = options;
    const filter = { ...filterOf(options), kinds };
    const journal = await journalPath(path);
    if (json === true) await writeJsonArray(io.stdout, queryEvents(journal, filter));
    else await writePieces(io.stdout, exportEvents(journal, { format, filter }));
  });
}
