import { resolve } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { ask } from '../../../host/control/client.ts';
import { CONTROL_LIMITS } from '../../../host/control/limits.ts';
import type { ControlRequest } from '../../../host/control/protocol.ts';
import { type CommandContext, makeCommand, withCommonOptions } from '../../command.ts';
import { jsonText } from '../../json.ts';
import { socketOf, type TargetOptions, withHost } from './target.ts';

interface StopOptions extends TargetOptions {
  readonly grace: number;
}

interface ReplaceOptions extends TargetOptions {
  readonly wasm?: string;
  readonly sha256?: string;
}

export function suspendCommand(context: CommandContext): Command {
  return simple(context, 'suspend', 'let nothing enter a compartment: what comes waits', 'suspended');
}

export function resumeCommand(context: CommandContext): Command {
  return simple(context, 'resume', 'let a compartment go on that is suspended, stopped or has failed', 'resumed');
}

export function stopCommand(context: CommandContext): Command {
  return acting('stop', 'end a compartment: deliver what was accepted, and take nothing more')
    .option('--grace <ms>', 'how long what is inside may take', milliseconds, 5_000)
    .action((compartment: string, options: StopOptions) =>
      act(context, { do: 'stop', compartment, graceMs: options.grace }, options, 'stopped'),
    );
}

export function replaceCommand(context: CommandContext): Command {
  return acting('replace', 'give a compartment new code while others run', ' --wasm ./summarise-2.wasm --sha256 5f2c…')
    .option('--wasm <file>', 'the new code; without it the same file is read anew')
    .option('--sha256 <digest>', 'the SHA-256 that it must have', digest)
    .action((compartment: string, options: ReplaceOptions) => {
      const { wasm, sha256 } = options;
      const code = wasm === undefined ? {} : { wasm: resolve(context.io.cwd, wasm) };
      const pin = sha256 === undefined ? {} : { sha256 };
      return act(context, { do: 'replace', compartment, ...code, ...pin }, options, 'replaced');
    });
}

function simple(context: CommandContext, name: 'suspend' | 'resume', description: string, done: string): Command {
  return acting(name, description).action((compartment: string, options: TargetOptions) =>
    act(context, { do: name, compartment }, options, done),
  );
}

function acting(name: string, description: string, more = ''): Command {
  const command = makeCommand(name, description, [`cofferdam ${name} summarise${more}`]);
  return withCommonOptions(withHost(command.argument('<compartment>', 'its name in the manifest')));
}

type Act = Exclude<ControlRequest, { do: 'status' | 'watch' }>;

async function act({ io }: CommandContext, request: Act, options: TargetOptions, done: string): Promise<void> {
  const path = await socketOf(options);
  await ask(path, request);
  const { compartment } = request;
  await io.stdout.write(
    options.json === true ? jsonText({ compartment, done, host: path }) : `${compartment} ${done}\n`,
  );
}

function milliseconds(text: string): number {
  const graceMs = Number(text);
  if (/^\d+$/.test(text) && graceMs <= CONTROL_LIMITS.graceMs) return graceMs;
  throw new InvalidArgumentError(`Write milliseconds, at most ${CONTROL_LIMITS.graceMs}.`);
}

function digest(text: string): string {
  if (/^[0-9a-f]{64}$/.test(text)) return text;
  throw new InvalidArgumentError('Write 64 lower-case hexadecimal digits.');
}
