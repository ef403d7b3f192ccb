import { printable } from '../../audit/index.ts';
import type { Case } from '../case.ts';
import { makeScoreboard, type Scoreboard } from '../scoreboard.ts';
import type { Outcome } from '../verdict.ts';
import type { Arrival, Finding, PolicyReport } from './attack-policy.ts';

type Style = (style: 'green' | 'red' | 'yellow' | 'dim' | 'bold', text: string) => string;

const AS_DECLARED = 'as declared';
const COLOURS = { leak: 'red', gate: 'yellow', labelled: 'green', stopped: 'green', unreached: 'dim' } as const;
const OUTCOMES: Readonly<Record<Arrival, Outcome>> = {
  leak: 'breach',
  gate: 'passed',
  labelled: 'passed',
  stopped: 'passed',
  unreached: 'not-applicable',
};

/** For people: what each hostile compartment got where, and by which gate. */
export function renderFindings({ findings, stayed }: PolicyReport, style: Style = (_, text) => text): string {
  const rows = findings.map((found) => ({ ...found, kind: found.kind ?? AS_DECLARED }));
  const isOneKind = rows.every(({ kind }) => kind === rows[0]?.kind);
  const keys = (['hostile', 'kind', 'tag', 'resource'] as const).filter((key) => key !== 'kind' || !isOneKind);
  const widths = new Map(keys.map((key) => [key, Math.max(key.length, ...rows.map((each) => each[key].length)) + 2]));
  const pad = (text: (key: (typeof keys)[number]) => string) =>
    keys.map((key) => text(key).padEnd(widths.get(key) ?? 0)).join('');
  const lines = rows.map((row) => {
    const { arrival, detail } = row;
    const words = pad((key) => row[key]);
    return `${words}${style(COLOURS[arrival], arrival.padEnd(10))}${style('dim', detail)}`.trimEnd();
  });
  const header = `${pad((key) => key)}arrived`;
  const leaks = findings.filter(({ arrival }) => arrival === 'leak').length;
  const gates = findings.filter(({ arrival }) => arrival === 'gate').length;
  const sum = `${findings.length} attempts: ${leaks} leaks, ${gates} through gates that the manifest declares`;
  const kept = stayed.map(({ kind, compartment, why }) =>
    style('dim', `${compartment} cannot be of kind ${kind}, and stayed as declared: ${printable(why)}`),
  );
  return `${[style('bold', header), ...lines, '', ...kept, sum].join('\n')}\n`;
}

/** The same for the reports of the suite: an attempt a row. */
export function scoreboardOf({ findings }: PolicyReport, about: Parameters<typeof makeScoreboard>[2]): Scoreboard {
  const nameOf = ({ hostile, tag, resource }: Finding) => `${hostile}: ${tag} to ${resource}`;
  const numbers = new Map([...new Set(findings.map(nameOf))].map((name, i) => [name, i + 1]));
  const cases = findings
    .filter(({ kind }) => kind === findings[0]?.kind)
    .map((found): Pick<Case, 'number' | 'name' | 'group' | 'title'> => {
      const { hostile, tag, resource } = found;
      return {
        number: numbers.get(nameOf(found)) ?? 0,
        name: nameOf(found),
        group: 'Policy',
        title: `${hostile}, replaced by a hostile twin, tries to get ${tag} to ${resource}`,
      };
    });
  const verdicts = findings.map((found) => ({
    number: numbers.get(nameOf(found)) ?? 0,
    name: nameOf(found),
    kind: found.kind ?? AS_DECLARED,
    outcome: OUTCOMES[found.arrival],
    detail: found.arrival === 'unreached' ? 'nobody gave it to the attacker' : found.detail,
    ms: 0,
  }));
  return makeScoreboard(cases, verdicts, about);
}
