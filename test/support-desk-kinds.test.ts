import { readFileSync, writeFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Report, runDesk } from '../examples/support-desk/desk.ts';
import { copyDesk } from './desk-copy.ts';

// Where an instance runs is no part of what it answers: the desk, with its compartments dealt out over the kinds.

const KINDS = ['inline', 'worker', 'process'] as const;

/**
 * Run r deals by its two digits to base 3, a and b. The columns a, b, a + b and a + 2b (modulo 3) are an orthogonal array:
 * over the nine runs any two of them take all nine pairs of kinds, once each. Compartments that are linked (summarise and
 * notify; redact, detect and rules) are in different columns, so each link is crossed in every way; the rest meet the program only.
 */
const COLUMNS: Readonly<Record<string, readonly [a: number, b: number]>> = {
  summarise: [1, 0],
  notify: [0, 1],
  redact: [1, 0],
  detect: [0, 1],
  rules: [1, 1],
  classify: [1, 2],
  count: [1, 1],
  format: [1, 2],
};
const RUNS = [0, 1, 2, 3, 4, 5, 6, 7, 8];
/** Its adapter is a file, which a process cannot read, and code of the host, which is in no measurement. */
const ADAPTED = 'format';

interface Place {
  readonly kind: string;
  readonly enclave: boolean;
}

/** Every other compartment is an enclave, in the next run the others; in the first run none. */
function dealt(run: number): ReadonlyMap<string, Place> {
  const places = Object.entries(COLUMNS).map(([name, [a, b]], i): [string, Place] => {
    const kind = KINDS[(a * Math.floor(run / 3) + b * run) % 3] ?? 'inline';
    if (name === ADAPTED) return [name, { kind: kind === 'process' ? 'worker' : kind, enclave: false }];
    return [name, { kind, enclave: run > 0 && (i + run) % 2 === 0 }];
  });
  return new Map(places);
}

async function runDealt(places: ReadonlyMap<string, Place>): Promise<Report> {
  using desk = copyDesk();
  let text = readFileSync(desk.manifest, 'utf8');
  for (const [name, { kind, enclave }] of places) {
    const head = `\n  ${name}:\n`;
    expect(text).toContain(head);
    text = text.replace(head, `${head}    kind: ${kind}\n${enclave ? '    enclave: true\n' : ''}`);
  }
  text += '\nattestation: { state: ./.cofferdam }\n';
  writeFileSync(desk.manifest, text);
  return await runDesk(desk.manifest);
}

/** All that does not depend on time, and on which thread was faster. */
function answersOf({ tickets, denied, released, leaks, arrived, questions, instances, journal }: Report) {
  const labels = instances.map(({ id, label }) => `${id.slice(0, id.indexOf('@'))} ${label}`);
  return {
    tickets,
    denied,
    released,
    leaks,
    questions,
    ok: journal.ok,
    arrived: [...arrived].sort(),
    labels: labels.sort(),
  };
}

describe('the support desk, dealt out over the kinds', { timeout: 120_000 }, () => {
  let inline: ReturnType<typeof answersOf>;
  beforeAll(async () => {
    inline = answersOf(await runDealt(new Map()));
    expect(inline.tickets).toHaveLength(6);
  });

  it('crosses each link between every two kinds', () => {
    for (const [from, to] of [
      ['summarise', 'notify'],
      ['redact', 'detect'],
      ['detect', 'rules'],
    ] as const) {
      const pairs = RUNS.map(dealt).map((places) => `${places.get(from)?.kind} ${places.get(to)?.kind}`);
      expect(new Set(pairs).size).toBe(KINDS.length ** 2);
    }
  });

  it.each(RUNS.slice(1))('run %i', async (run) => {
    expect(answersOf(await runDealt(dealt(run)))).toEqual(inline);
  });
});
