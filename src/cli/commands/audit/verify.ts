import { type Command, InvalidArgumentError } from 'commander';
import { type Head, type VerifyReport, verifyJournal } from '../../../audit/index.ts';
import { type CommandContext, type CommonOptions, makeCommand, withCommonOptions } from '../../command.ts';
import { journalPath } from '../../journal-path.ts';
import { jsonText } from '../../json.ts';
import { type Output, safeLines } from '../../output.ts';
import { JOURNAL_ARGUMENT } from './filters.ts';

interface VerifyOptions extends CommonOptions {
  readonly head?: Head;
}

/** Is the journal what was written? Exit code 1 when it is not. */
export function verifyCommand({ io, finish }: CommandContext): Command {
  const command = makeCommand('verify', 'is the journal what was written: nothing edited, cut or reordered?', [
    'cofferdam audit verify .cofferdam/audit.db --head 1042:9f86d081884c7d65…',
  ])
    .argument(...JOURNAL_ARGUMENT)
    .option('--head <seq:hash>', 'a head that was kept elsewhere: the journal must run through it', parseHead);
  return withCommonOptions(command).action(async (path: string, { json, head }: VerifyOptions) => {
    const progress = new Progress(io.stderr);
    const report = verifyJournal(await journalPath(path), {
      expect: head,
      onProgress: ({ events }) => progress.show(`verifying: ${events} events`),
    });
    progress.clear();
    await io.stdout.write(json === true ? jsonText(report) : render(report, io.stdout));
    finish(report.ok ? 'done' : 'failed');
  });
}

function render({ ok, events, batches, head, problems }: VerifyReport, out: Output): string {
  const counts = `${events} events in ${batches} batches`;
  const lines = problems.map(({ kind, at, detail }) => safeLines(`  ${kind} at event ${at}: ${detail}\n`));
  const verdict = ok ? out.style('green', 'intact') : out.style(['bold', 'red'], 'NOT intact');
  return `${verdict}: ${counts}\n${lines.join('')}head ${head.seq}:${head.hash}\n`;
}

function parseHead(text: string): Head {
  const [, seq, hash] = /^(\d{1,15}):([0-9a-f]{64})$/.exec(text) ?? [];
  if (seq !== undefined && hash !== undefined) return { seq: Number(seq), hash };
  throw new InvalidArgumentError('Write SEQ:HASH as `audit verify` prints it.');
}

/** One line on a terminal's stderr that is written over; nothing where nobody watches. */
class Progress {
  readonly #out: Output;
  #lastMs = Date.now();
  #isShown = false;

  constructor(out: Output) {
    this.#out = out;
  }

  /** At most ten times a second, and not before the first tenth. */
  show(text: string): void {
    const now = Date.now();
    if (!this.#out.isTerminal || now - this.#lastMs < 100) return;
    this.#lastMs = now;
    this.#isShown = true;
    void this.#out.write(`\r\u001b[K${text}`);
  }

  clear(): void {
    if (this.#isShown) void this.#out.write('\r\u001b[K');
  }
}
