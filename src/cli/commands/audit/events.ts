import type { Command } from 'commander';
import { type AuditEventOf, denials, gates } from '../../../audit/index.ts';
import { formatLabel } from '../../../label/index.ts';
import { type CommandContext, makeCommand, withCommonOptions } from '../../command.ts';
import { journalPath } from '../../journal-path.ts';
import { safeLines } from '../../output.ts';
import { writeJsonArray, writeLines } from '../../stream.ts';
import { type FilterOptions, filterOf, JOURNAL_ARGUMENT, withFilters } from './filters.ts';

export function denialsCommand({ io }: CommandContext): Command {
  const command = makeCommand('denials', 'which messages were denied, and by which rule', [
    'cofferdam audit denials cofferdam.yaml --tag customer:acme',
  ]).argument(...JOURNAL_ARGUMENT);
  return withCommonOptions(withFilters(command)).action(async (path: string, options: FilterOptions) => {
    const events = denials(await journalPath(path), filterOf(options));
    if (options.json === true) await writeJsonArray(io.stdout, events);
    else await writeLines(io.stdout, events, renderDenial, 'No message was denied.');
  });
}

export function gatesCommand({ io }: CommandContext): Command {
  const command = makeCommand('gates', 'which gates were used, and what they released', [
    'cofferdam audit gates cofferdam.yaml --compartment redact',
  ]).argument(...JOURNAL_ARGUMENT);
  return withCommonOptions(withFilters(command)).action(async (path: string, options: FilterOptions) => {
    const events = gates(await journalPath(path), filterOf(options));
    if (options.json === true) await writeJsonArray(io.stdout, events);
    else await writeLines(io.stdout, events, renderGate, 'No gate was used.');
  });
}

function renderDenial(event: AuditEventOf<'denied'>): string {
  const { from, to, edge, requestLabel, targetLabel, rule, condition, tags } = event;
  const why = `rule ${rule} (${condition}): ${formatLabel(requestLabel)} may not flow to ${formatLabel(targetLabel)}`;
  return safeLines(`${head(event)}  ${from} -> ${to}  ${why}; in the way: ${tags.join(', ')}  [${edge}]`);
}

function renderGate(event: AuditEventOf<'gate'>): string {
  const { gate, before, after, bytes, message, direction } = event;
  const labels = `${formatLabel(before)} -> ${formatLabel(after)}`;
  return safeLines(`${head(event)}  ${gate}  ${labels}  ${direction} of message ${message}, up to ${bytes} bytes`);
}

function head({ seq, timeMs }: { readonly seq: number; readonly timeMs: number }): string {
  return `${String(seq).padStart(6)}  ${new Date(timeMs).toISOString()}`;
}
