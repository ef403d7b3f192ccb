import type { Command } from 'commander';
import { type CommandContext, makeCommand } from '../../command.ts';
import { denialsCommand, gatesCommand } from './events.ts';
import { exportCommand } from './export.ts';
import { traceCommand } from './trace.ts';
import { verifyCommand } from './verify.ts';

/** Questions about what happened. Each takes a journal, or a manifest that names one. */
export function auditCommand(context: CommandContext): Command {
  return makeCommand('audit', 'ask the journal what happened', [
    'cofferdam audit verify cofferdam.yaml',
    'cofferdam audit trace cofferdam.yaml --tag customer:acme',
  ])
    .addCommand(verifyCommand(context))
    .addCommand(denialsCommand(context))
    .addCommand(gatesCommand(context))
    .addCommand(traceCommand(context))
    .addCommand(exportCommand(context));
}
