import { type Command, InvalidArgumentError } from 'commander';
import type { EventFilter } from '../../../audit/index.ts';
import type { CommonOptions } from '../../command.ts';

export const JOURNAL_ARGUMENT = ['<journal>', 'the journal, or the manifest that names it'] as const;

export interface FilterOptions extends CommonOptions {
  readonly tag?: string;
  readonly compartment?: string;
  readonly participant?: string;
  readonly message?: number;
  readonly since?: number;
  readonly until?: number;
}

/** All that are given must hold. */
export function withFilters(command: Command): Command {
  return command
    .option('--tag <tag>', 'only events about this tag')
    .option('--compartment <name>', 'only events of this compartment or its instances')
    .option('--participant <id>', 'only events of this instance, session or host')
    .option('--message <number>', 'only events of this message', wholeNumber)
    .option('--since <time>', 'from this time on (ISO 8601)', timeMs)
    .option('--until <time>', 'up to this time (ISO 8601)', timeMs);
}

export function filterOf(options: FilterOptions): Omit<EventFilter, 'kinds'> {
  const { tag, compartment, participant, message, since: fromMs, until: toMs } = options;
  return { tag, compartment, participant, message, fromMs, toMs };
}

export function wholeNumber(text: string): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(number)) return number;
  throw new InvalidArgumentError('Write a whole number.');
}

function timeMs(text: string): number {
  const ms = Date.parse(text);
  if (/^\d{4}-\d{2}-\d{2}/.test(text) && Number.isFinite(ms)) return ms;
  throw new InvalidArgumentError('Write a time such as 2026-01-31T12:00:00Z.');
}
