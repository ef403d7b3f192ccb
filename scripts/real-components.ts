/**
 * Large real programs as components, in our runtime and in jco's, with jco's WASI as the host of both:
 *
 *   node scripts/real-components.ts [NAME ...]
 *
 * CPython and ripgrep (WASI preview 1, adapted to 0.2) and JavaScript in StarlingMonkey. What they answer and print must be
 * the same; prints every difference, and exits with 1 if there is one. Installs them under scripts/real first.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { planComponent } from '../src/wasm/index.ts';
import { type Running, runHere, runInJco } from '../test/compartment/both-runtimes.ts';
import { sandboxedWasi } from '../test/compartment/jco-host.ts';
import { type Program, programs, type Run } from './real/programs.ts';

interface Seen {
  readonly answers: readonly unknown[];
  readonly printed: string;
}

const MEBI = 1_048_576;

async function see(
  bytes: Uint8Array,
  run: Run,
  start: typeof runHere | typeof runInJco,
): Promise<Seen & { ms: number }> {
  const streams = { stdout: '', stderr: '' };
  const wasi = sandboxedWasi((stream, part) => (streams[stream] += Buffer.from(part).toString('latin1')), {
    args: [...run.args],
    preopens: { ...run.preopens },
  });
  const names = planComponent(bytes).world.exports.map(({ id }) => id);
  const component = await start(bytes, wasi);
  const started = performance.now();
  const answers = run.calls.map(([pattern, ...args]) =>
    answer(component, names.find((id) => pattern.test(id)) ?? String(pattern), args),
  );
  const printed = Object.entries(streams).map(([name, text]) => lines(name, Buffer.from(text, 'latin1').toString()));
  return { answers, printed: printed.join(''), ms: performance.now() - started };
}

function answer(component: Running, id: string, args: readonly unknown[]): unknown {
  try {
    return component.call(id, ...args);
  } catch (error) {
    return `thrown: ${(error as Error).message}`;
  }
}

/** A program may exit; nothing else may go wrong. */
function isExpected(answer: unknown): boolean {
  return typeof answer !== 'string' || !answer.startsWith('thrown') || answer.includes('the guest exited');
}

const lines = (name: string, text: string): string => text.replaceAll(/^(?=.)/gm, `${name} `);

async function compare({ name, make, runs }: Program): Promise<number> {
  const bytes = await make();
  const started = performance.now();
  const plan = planComponent(bytes);
  const planned = performance.now() - started;
  const size = `${(bytes.length / MEBI).toFixed(1)} MiB, ${plan.modules.length} modules, ${plan.world.imports.length} imports`;
  console.log(`${name}: ${size}, planned in ${planned.toFixed(0)} ms`);
  let differences = 0;
  for (const run of runs) {
    const here = await see(bytes, run, runHere);
    const jco = await see(bytes, run, runInJco);
    const isSame = isDeepStrictEqual([here.answers, here.printed], [jco.answers, jco.printed]);
    const isRight = run.prints.test(here.printed) && here.answers.every(isExpected);
    if (!isSame || !isRight) differences += 1;
    const verdict = isSame ? (isRight ? 'same' : 'NOT WHAT IT SHOULD BE') : 'DIFFERENT';
    console.log(
      `  ${verdict}: ${run.args.join(' ').slice(0, 90)} (${here.ms.toFixed(0)} ms, jco ${jco.ms.toFixed(0)} ms)`,
    );
    if (verdict !== 'same') console.log({ here, jco });
  }
  return differences;
}

execFileSync('npm', ['install', '--no-audit', '--no-fund'], {
  cwd: join(import.meta.dirname, 'real'),
  stdio: 'inherit',
});
const workFolder = mkdtempSync(join(tmpdir(), 'cofferdam-real-'));
const wanted = process.argv.slice(2);
let differences = 0;
for (const program of programs(workFolder)) {
  if (wanted.length > 0 && wanted.every((word) => !program.name.toLowerCase().includes(word.toLowerCase()))) continue;
  differences += await compare(program);
}
rmSync(workFolder, { recursive: true });
console.log(`${differences} differences`);
// The host's WASI keeps a thread.
process.exit(differences > 0 ? 1 : 0);
