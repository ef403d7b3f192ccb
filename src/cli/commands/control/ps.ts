import type { Command } from 'commander';
import { findHosts, type RunningHost, statusAt } from '../../../host/control/client.ts';
import { formatLabel } from '../../../label/index.ts';
import { formatSize } from '../../../policy/index.ts';
import { type CommandContext, makeCommand, withCommonOptions } from '../../command.ts';
import { jsonText } from '../../json.ts';
import { safeLines } from '../../output.ts';
import { socketOf, type TargetOptions, withHost } from './target.ts';

/** What runs, and in which state. */
export function psCommand({ io }: CommandContext): Command {
  const command = makeCommand('ps', 'the hosts of this user, their compartments and instances', [
    'cofferdam ps',
    'cofferdam ps --host 4711 --json',
  ]);
  return withCommonOptions(withHost(command)).action(async (options: TargetOptions) => {
    const hosts = options.host === undefined ? await findHosts() : [await one(options)];
    const text = hosts.length === 0 ? 'No host runs with a control socket.\n' : hosts.map(render).join('\n');
    await io.stdout.write(options.json === true ? jsonText({ hosts }) : safeLines(text));
  });
}

async function one(options: TargetOptions): Promise<RunningHost> {
  const path = await socketOf(options);
  return { path, status: await statusAt(path) };
}

function render({ path, status }: RunningHost): string {
  const { pid, manifest, startedMs, compartments } = status;
  const head = `host ${pid}  ${manifest ?? 'manifest of a program'}  since ${new Date(startedMs).toISOString()}  ${path}\n`;
  const rows = compartments.flatMap(({ name, state, failing, instances }) => [
    `  ${name}: ${state}`,
    ...failing.map(({ label, waitMs }) => {
      const until = waitMs === null ? 'until it is resumed' : `for ${waitMs} ms`;
      return `    ${formatLabel(label)} failed, not started ${until}`;
    }),
    ...instances.map(({ id, state: stands, memoryBytes }) => {
      const memory = memoryBytes === null ? '' : `  ${formatSize(memoryBytes)}`;
      return `    ${id}  ${stands}${memory}`;
    }),
  ]);
  return head + rows.map((row) => `${row}\n`).join('');
}
