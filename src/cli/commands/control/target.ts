import type { Command } from 'commander';
import { CofferdamError } from '../../../error.ts';
import { findHosts } from '../../../host/control/client.ts';
import type { CommonOptions } from '../../command.ts';

export interface TargetOptions extends CommonOptions {
  readonly host?: string;
}

export function withHost(command: Command): Command {
  return command.option('--host <pid or path>', 'the host that is meant, where several run');
}

/** Path of the socket of the host that is meant. Throws CONTROL_UNREACHABLE, CONTROL_AMBIGUOUS. */
export async function socketOf({ host }: TargetOptions): Promise<string> {
  if (host?.includes('/')) return host;
  const running = await findHosts();
  const meant = host === undefined ? running : running.filter(({ status }) => String(status.pid) === host);
  const [first, ...more] = meant;
  if (first && more.length === 0) return first.path;
  if (first === undefined) {
    throw new CofferdamError(
      'CONTROL_UNREACHABLE',
      `${host === undefined ? 'No host of this user runs' : `No host has the process id ${host}`} with a control socket. \`cofferdam ps\` lists them.`,
    );
  }
  const list = meant.map(({ status, path }) => `${status.pid} (${status.manifest ?? path})`).join(', ');
  throw new CofferdamError('CONTROL_AMBIGUOUS', `${meant.length} hosts run: ${list}. Name one with --host.`, {
    details: { hosts: meant.map(({ path }) => path) },
  });
}
