import type { Case } from '../case.ts';
import { makeScoreboard, type Scoreboard } from '../scoreboard.ts';
import type { Outcome } from '../verdict.ts';
import type { Arrival, Finding } from './attack-policy.ts';

type Style = (style: 'green' | 'red' | 'yellow' | 'dim' | 'bold', text: string) => string;

const COLOURS = { leak: 'red', gate: 'yellow', labelled: 'green', stopped: 'green', unreached: 'dim' } as const;
const OUTCOMES: Readonly<Record<Arrival, Outcome>> = {
  leak: 'breach',
  gate: 'passed',
  labelled: 'passed',
  stopped: 'passed',
  unreached: 'not-applicable',
};

/** For people: what each hostile compartment got where, and by which gate. */
export function renderFindings(findings: readonly Finding[], style: Style = (_, text) => text): string {
  const [nameWidth, tagWidth, resourceWidth] = (['hostile', 'tag', 'resource'] as const).map(
    (key) => Math.max(key.length, ...findings.map((each) => each[key].length)) + 2,
  ) as [number, number, number];
  const lines = findings.map(({ hostile, tag, resource, arrival, detail }) => {
    const words = `${hostile.padEnd(nameWidth)}${tag.padEnd(tagWidth)}${resource.padEnd(resourceWidth)}`;
    return `${words}${style(COLOURS[arrival], arrival.padEnd(10))}${style('dim', detail)}`.trimEnd();
  });
  const header = `${'hostile'.padEnd(nameWidth)}${'tag'.padEnd(tagWidth)}${'resource'.padEnd(resourceWidth)}arrived`;
  const leaks = findings.filter(({ arrival }) => arrival === 'leak').length;
  const gates = findings.filter(({ arrival }) => arrival === 'gate').length;
  const sum = `${findings.length} attempts: ${leaks} leaks, ${gates} through gates that the manifest declares`;
  return `${[style('bold', header), ...lines, '', sum].join('\n')}\n`;
}

/** The same for the reports of the suite: an attempt a row. */
export function scoreboardOf(findings: readonly Finding[], about: Parameters<typeof makeScoreboard>[2]): Scoreboard {
  const cases = findings.map(
    ({ hostile, tag, resource }, i): Pick<Case, 'number' | 'name' | 'group' | 'title'> => ({
      number: i + 1,
      name: `${hostile}: ${tag} to ${resource}`,
      group: 'Policy',
      title: `${hostile}, replaced by a hostile twin, tries to get ${tag} to ${resource}`,
    }),
  );
  const verdicts = findings.map(({ arrival, detail }, i) => ({
    number: i + 1,
    name: cases[i]?.name ?? '',
    kind: 'inline',
    outcome: OUTCOMES[arrival],
    detail: arrival === 'unreached' ? 'nobody gave it to the attacker' : detail,
    ms: 0,
  }));
  return makeScoreboard(cases, verdicts, about);
}
