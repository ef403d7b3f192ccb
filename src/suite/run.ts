import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { CofferdamError } from '../error.ts';
import { CASES } from './all-cases.ts';
import { type Case, describeKind, type Kind } from './case.ts';
import type { Answer } from './case-worker.ts';
import type { Outcome, Verdict } from './verdict.ts';
import type { Tried } from './victim.ts';
import { workerFile } from './worker-file.ts';

export interface RunOptions {
  /** Kinds of compartment, each tried with all cases. */
  readonly kinds: readonly Kind[];
  /** Whether compartments are enclaves besides. */
  readonly enclave?: boolean;
  /** Only cases whose number and name contain it. */
  readonly pattern?: string;
  readonly seed: number;
  /** A module whose default export is a list of cases, which are tried too. */
  readonly casesFile?: string;
  /** A module whose default export makes hosts: the suite tries those instead of ours. */
  readonly hostFile?: string;
  /** Processes at once. */
  readonly jobs?: number;
  /** For one case on one kind. */
  readonly timeoutMs?: number;
  readonly onVerdict?: (verdict: Verdict, done: number, all: number) => void;
}

const CASE_TIMEOUT_MS = 60_000;
/** One more than the cores of a small machine: some cases wait for deadlines. */
const DEFAULT_JOBS = 3;
const DEAREST_FIRST: readonly Kind[] = ['process', 'worker', 'enclave', 'inline'];

/** Tries every case on every kind; the verdicts in order of case, then kind. */
export async function runSuite(options: RunOptions): Promise<readonly Verdict[]> {
  const { kinds, jobs = DEFAULT_JOBS } = options;
  const tasks = (await selectCases(options))
    .flatMap((selected) => kinds.map((kind) => ({ ...selected, kind })))
    .map((task, place) => ({ ...task, place }));
  // Those that take longest come first, so that none is left to run alone at the end.
  const queue = tasks.toSorted((one, other) => DEAREST_FIRST.indexOf(one.kind) - DEAREST_FIRST.indexOf(other.kind));
  const verdicts: Verdict[] = [];
  let done = 0;
  // What a case leaves behind that took its process down goes with the run.
  await using scratch = await mkdtempDisposable(join(tmpdir(), 'cofferdam-suite-'));
  const work = async () => {
    using tester = new Tester(options, scratch.path);
    for (let task = queue.shift(); task; task = queue.shift()) {
      const verdict = await tester.try(task.case, task.kind, task.source);
      verdicts[task.place] = verdict;
      options.onVerdict?.(verdict, ++done, tasks.length);
    }
  };
  await Promise.all(Array.from({ length: Math.min(jobs, tasks.length) }, work));
  return verdicts;
}

interface Selected {
  readonly case: Case;
  /** The file it came from; null: ours. */
  readonly source: string | null;
}

/** Throws CLI_USAGE when nothing is left, SUITE_CASES when the file of cases is none. */
export async function selectCases({
  pattern,
  casesFile,
}: Pick<RunOptions, 'pattern' | 'casesFile'>): Promise<Selected[]> {
  const all: Selected[] = CASES.map((each) => ({ case: each, source: null }));
  if (casesFile !== undefined) {
    const source = resolve(casesFile);
    const module = await import(pathToFileURL(source).href).catch((cause: unknown) => {
      throw new CofferdamError('SUITE_CASES', `${casesFile} cannot be imported; the cause says why.`, { cause });
    });
    if (!Array.isArray(module.default) || !module.default.every(isCase)) {
      throw new CofferdamError(
        'SUITE_CASES',
        `${casesFile} must export a list of cases by default: [defineCase({ … })].`,
      );
    }
    const taken = new Set(CASES.map(({ number }) => number));
    for (const each of module.default as Case[]) {
      if (taken.has(each.number)) {
        throw new CofferdamError('SUITE_CASES', `${casesFile}: the number ${each.number} is taken. Count from 1000.`);
      }
      taken.add(each.number);
      all.push({ case: each, source });
    }
  }
  const selected = all.filter(({ case: { number, name } }) => `${number} ${name}`.includes(pattern ?? ''));
  if (selected.length > 0) return selected;
  throw new CofferdamError('CLI_USAGE', `No case has '${pattern}' in its number or name. See --list.`);
}

function isCase(value: unknown): value is Case {
  if (value === null || typeof value !== 'object') return false;
  const { number, name, title, attack, twin } = value as Partial<Case>;
  return (
    Number.isInteger(number) &&
    typeof name === 'string' &&
    typeof title === 'string' &&
    typeof attack === 'function' &&
    typeof twin === 'function'
  );
}

/** One process that tries cases, made anew when a case took it down. */
class Tester implements Disposable {
  readonly #options: RunOptions;
  readonly #scratch: string;
  #child: ChildProcess | null = null;

  /** `scratch` is where its processes keep their temporary files. */
  constructor(options: RunOptions, scratch: string) {
    this.#options = options;
    this.#scratch = scratch;
  }

  async try(found: Case, kind: Kind, source: string | null): Promise<Verdict> {
    const { enclave = false, seed, hostFile, timeoutMs = CASE_TIMEOUT_MS } = this.#options;
    const job: Tried = {
      number: found.number,
      kind,
      enclave,
      seed,
      casesFile: source,
      hostFile: hostFile === undefined ? null : resolve(hostFile),
    };
    const started = performance.now();
    const ended = await this.#ask(job, timeoutMs);
    if (typeof ended !== 'string') {
      if ('verdict' in ended) return ended.verdict;
      throw new CofferdamError('SUITE_CASES', `Case ${found.number} cannot be tried: ${ended.error}`);
    }
    this[Symbol.dispose]();
    const detail = ended === 'hung' ? `no end within ${timeoutMs} ms` : 'it ended the process that tried it';
    const { number, name } = found;
    return { number, name, kind: describeKind(kind, enclave), outcome: ended, detail, ms: performance.now() - started };
  }

  #ask(job: Tried, timeoutMs: number): Promise<Answer | Extract<Outcome, 'hung' | 'crashed'>> {
    this.#child ??= fork(workerFile(), {
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      env: { ...process.env, TMPDIR: this.#scratch },
    });
    const child = this.#child;
    return new Promise((settle) => {
      const end = (ended: Answer | 'hung' | 'crashed') => {
        clearTimeout(timer);
        child.off('message', onMessage).off('exit', onExit);
        settle(ended);
      };
      const onMessage = (answer: unknown) => end(answer as Answer);
      const onExit = () => end('crashed');
      const timer = setTimeout(() => end('hung'), timeoutMs);
      child.on('message', onMessage).on('exit', onExit);
      child.send(job);
    });
  }

  [Symbol.dispose](): void {
    this.#child?.kill('SIGKILL');
    this.#child = null;
  }
}
