import { Command, CommanderError } from 'commander';
import { CofferdamError } from '../error.ts';
import { VERSION } from '../version.ts';
import type { Outcome } from './command.ts';
import { auditCommand } from './commands/audit/audit.ts';
import { benchCommand } from './commands/bench.ts';
import { checkCommand } from './commands/check.ts';
import { replaceCommand, resumeCommand, stopCommand, suspendCommand } from './commands/control/act.ts';
import { psCommand } from './commands/control/ps.ts';
import { watchCommand } from './commands/control/watch.ts';
import { initCommand } from './commands/init.ts';
import { inspectCommand } from './commands/inspect.ts';
import { measureCommand } from './commands/measure.ts';
import { runCommand } from './commands/run.ts';
import { testCommand } from './commands/test.ts';
import { typesCommand } from './commands/types.ts';
import type { Io } from './io.ts';
import { EXIT, exitCodeOf, reportError } from './report-error.ts';

/** Runs one command line. Resolves to the exit code: 0 done, 1 denied or failed, 2 usage. Never throws. */
export async function runCli(argv: readonly string[], io: Io): Promise<number> {
  const flags = flagsOf(argv);
  let outcome: Outcome = 'done';
  const program = makeProgram(io, flags.json, (end) => {
    outcome = end;
  });
  try {
    await program.parseAsync(argv, { from: 'user' });
    await io.stdout.flush();
    return outcome === 'done' ? EXIT.done : EXIT.failed;
  } catch (thrown) {
    if (thrown instanceof CommanderError && thrown.exitCode === 0) return EXIT.done; // --help, --version
    const error = thrown instanceof CommanderError ? usageError(thrown) : thrown;
    // Nothing is left to tell it to when stderr fails too; the exit code does.
    await reportError(io, error, flags).catch(() => undefined);
    return exitCodeOf(error);
  }
}

function makeProgram(io: Io, json: boolean, finish: (outcome: Outcome) => void): Command {
  const context = { io, finish };
  const program = new Command('cofferdam')
    .description(
      'Run untrusted WebAssembly so that data goes only where its labels allow, and ask afterwards where it went.',
    )
    .version(VERSION)
    .addHelpText(
      'after',
      '\nExample:\n  $ cofferdam init demo && cofferdam check demo/cofferdam.yaml\n\nExit codes: 0 done, 1 denied or failed, 2 usage.',
    )
    .addCommand(runCommand(context))
    .addCommand(checkCommand(context))
    .addCommand(inspectCommand(context))
    .addCommand(measureCommand(context))
    .addCommand(typesCommand(context))
    .addCommand(testCommand(context))
    .addCommand(benchCommand(context))
    .addCommand(auditCommand(context))
    .addCommand(psCommand(context))
    .addCommand(watchCommand(context))
    .addCommand(suspendCommand(context))
    .addCommand(resumeCommand(context))
    .addCommand(stopCommand(context))
    .addCommand(replaceCommand(context))
    .addCommand(initCommand(context));
  for (const command of family(program)) {
    command.exitOverride().configureOutput({
      writeOut: (text) => void io.stdout.write(text).catch(() => undefined), // runCli flushes, and throws then
      writeErr: (text) => void (json || io.stderr.write(text).catch(() => undefined)),
      outputError: () => undefined, // reportError writes it
    });
  }
  return program;
}

function family(command: Command): Command[] {
  return [command, ...command.commands.flatMap((child) => family(child as Command))];
}

/** Also of a command line that cannot be parsed. What follows `--` is no option. */
export function flagsOf(argv: readonly string[]): { readonly json: boolean; readonly verbose: boolean } {
  const end = argv.indexOf('--');
  const options = end < 0 ? argv : argv.slice(0, end);
  // Of `bench` it names a file.
  return { json: options.includes('--json') && options[0] !== 'bench', verbose: options.includes('--verbose') };
}

function usageError(error: CommanderError): CofferdamError {
  if (error.code === 'commander.help') return new CofferdamError('CLI_USAGE', 'No command was given. See --help.');
  const message = error.message.replace(/^error: /, '').replace(/\.?$/, '.');
  return new CofferdamError('CLI_USAGE', `${message} See --help.`, { cause: error });
}
