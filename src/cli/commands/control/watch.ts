import type { Command } from 'commander';
import { follow } from '../../../host/control/client.ts';
import { formatLabel } from '../../../label/index.ts';
import { type CommandContext, makeCommand, withCommonOptions } from '../../command.ts';
import { jsonText } from '../../json.ts';
import { safeLines } from '../../output.ts';
import { socketOf, type TargetOptions, withHost } from './target.ts';

/** Who goes from which state to which, until the host closes or the reader goes away. */
export function watchCommand({ io }: CommandContext): Command {
  const command = makeCommand('watch', 'follow the states of compartments and instances', [
    'cofferdam watch',
    'cofferdam watch --host 4711 --json',
  ]);
  return withCommonOptions(withHost(command)).action(async (options: TargetOptions) => {
    for await (const transition of follow(await socketOf(options))) {
      const { compartment, instance, label, from, to, why, at, lost } = transition;
      const where = instance ?? (label === null ? compartment : `${compartment} at ${formatLabel(label)}`);
      const missing = lost === 0 ? '' : `(${lost} were lost)\n`;
      const text = `${missing}${new Date(at).toISOString()}  ${where}: ${from} -> ${to} (${why})\n`;
      await io.stdout.write(options.json === true ? jsonText(transition, 0) : safeLines(text));
      if (!io.stdout.hasReader) return;
    }
  });
}
