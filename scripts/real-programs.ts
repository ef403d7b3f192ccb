/**
 * Real programs, as they are and rewritten, side by side: the same output, what the checks cost, and how they stop when they
 * are told to at any moment. `npm run programs -- [--programs NAME,…] [--rounds N] [--moments N]`
 */
import { parseArgs } from 'node:util';
import { PROGRAMS } from './programs/index.ts';
import { installPrograms } from './programs/packages.ts';
import { MODES } from './programs/patched-engine.ts';
import type { Program } from './programs/program.ts';
import { Subject } from './programs/subject.ts';

/** From the watchdog's store to the trap; on a machine that has a processor free. */
const STOPS_WITHIN_MS = 2;

/** Until the engine has optimised what is hot in all three. */
const WARM_UP_MS = 6000;

const { values } = parseArgs({
  options: {
    programs: { type: 'string' },
    rounds: { type: 'string', default: '9' },
    moments: { type: 'string', default: '50' },
  },
});
const rounds = Number(values.rounds);
const moments = Number(values.moments);
const wanted = values.programs?.split(',');

interface Figures {
  readonly interrupt: number;
  readonly fuel: number;
  readonly late: number;
}

installPrograms();
const chosen = PROGRAMS.filter(({ name }) => wanted === undefined || wanted.includes(name));
const figures: Figures[] = [];
const failures: string[] = [];
console.log('program           made                 run, ms  interrupt   fuel   stops, ms: median, 95 %, worst of');
for (const program of chosen) {
  try {
    figures.push(await measure(program));
  } catch (error) {
    failures.push(program.name);
    console.log(`${program.name.padEnd(17)} FAILED: ${error instanceof Error ? error.message : error}`);
  }
}
const late = figures.reduce((sum, figure) => sum + figure.late, 0);
console.log(
  `${figures.length} of ${chosen.length} programs give the same output; median slowdown interrupt ${ratio(median(figures.map(({ interrupt }) => interrupt)))}, ` +
    `fuel ${ratio(median(figures.map(({ fuel }) => fuel)))}; ${late} of ${figures.length * moments} stops took more than ${STOPS_WITHIN_MS} ms`,
);
process.exit(failures.length > 0 || chosen.length === 0 ? 1 : 0);

async function measure(program: Program): Promise<Figures> {
  const subjects = await Promise.all(MODES.map((mode) => Subject.start(program.name, mode)));
  try {
    const times = await interleaved(subjects);
    const [plain = [], interrupt = [], fuel = []] = times;
    const stops = await stopOften(subjects[1] as Subject, median(plain) / 1000);
    const slower = (list: readonly number[]) => median(list) / median(plain);
    const run = (median(plain) / 1000).toFixed(1).padStart(8);
    const text = [stops[Math.floor(stops.length / 2)], stops[Math.floor(stops.length * 0.95)], stops.at(-1)]
      .map((value) => (value ?? 0).toFixed(2))
      .join(' ');
    console.log(
      `${program.name.padEnd(17)} ${program.made.padEnd(20).slice(0, 20)} ${run}  ${ratio(slower(interrupt))}  ${ratio(slower(fuel))}  ${text} (${stops.length})`,
    );
    const late = stops.filter((took) => took > STOPS_WITHIN_MS).length;
    return { interrupt: slower(interrupt), fuel: slower(fuel), late };
  } finally {
    for (const subject of subjects) await subject[Symbol.asyncDispose]();
  }
}

/** Processor times of each, after runs that let the engine optimise. Throws if two outputs differ, or fuel does between runs. */
async function interleaved(subjects: readonly Subject[]): Promise<number[][]> {
  const times: number[][] = subjects.map(() => []);
  const outputs = new Set<string>();
  const warm = performance.now() + WARM_UP_MS;
  for (let round = 0; round < rounds; ) {
    const isWarm = performance.now() > warm;
    if (isWarm) round++;
    for (const [i, subject] of subjects.entries()) {
      const { output, error, cpu } = await subject.run();
      if (output === null) throw new Error(`${MODES[i]}: ${error}`);
      outputs.add(output);
      if (outputs.size > 1) throw new Error(`${MODES[i]}: the output differs: ${[...outputs]}`);
      if (isWarm) times[i]?.push(cpu);
    }
  }
  return times;
}

/** Stops it at random moments; after each, a fresh instance must give what it gave before. In milliseconds, sorted. */
async function stopOften(subject: Subject, milliseconds: number): Promise<number[]> {
  const expected = (await subject.run()).output;
  const stops: number[] = [];
  for (let attempts = 0; stops.length < moments; attempts++) {
    if (attempts > moments * 4) throw new Error('it ends before it can be stopped');
    const stopped = await subject.interruptAfter(Math.random() * milliseconds * 0.9);
    if (stopped !== null) {
      if (!/unreachable/.test(stopped.answer.error ?? '')) throw new Error(`it stops with ${stopped.answer.error}`);
      stops.push(stopped.took);
    }
    await subject.refresh();
    const { output } = await subject.run();
    if (output !== expected) throw new Error(`after it was stopped, it gives ${output} in place of ${expected}`);
  }
  return stops.sort((a, b) => a - b);
}

function median(list: readonly number[]): number {
  return list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)] ?? Number.NaN;
}

function ratio(value: number): string {
  return value.toFixed(3).padStart(7);
}
