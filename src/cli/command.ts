import { Command } from 'commander';
import type { Io } from './io.ts';

/** Options that every command has. */
export interface CommonOptions {
  readonly json?: boolean;
  readonly verbose?: boolean;
}

/** A command with the options of all commands and an example in its help. */
export function makeCommand(name: string, description: string, examples: readonly string[]): Command {
  const indented = examples.map((example) => `  $ ${example}\n`).join('');
  return new Command(name)
    .description(description)
    .addHelpText('after', `\n${examples.length === 1 ? 'Example' : 'Examples'}:\n${indented}`);
}

export function withCommonOptions(command: Command): Command {
  return command
    .option('--json', 'one JSON document on stdout; errors as JSON on stderr')
    .option('--verbose', 'show causes and stack traces of errors');
}

/** What a command answers: `failed` is an answer of no (exit code 1), not an error. */
export type Outcome = 'done' | 'failed';

/** What a command is given. */
export interface CommandContext {
  readonly io: Io;
  /** Tells how the command ended. */
  readonly finish: (outcome: Outcome) => void;
}
