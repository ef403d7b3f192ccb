import { readFileSync, writeFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Report, runDesk } from '../examples/support-desk/desk.ts';
import { copyDesk } from './desk-copy.ts';

// Where an instance runs is no part of what it answers: the desk, with its compartments dealt out over the kinds.

const NAMES = ['summarise', 'classify', 'format', 'count', 'detect', 'rules', 'redact', 'notify'];

/**
 * Two of five runs for each compartment, no two compartments in the same two: with the uniform runs, any two compartments
 * meet in all four ways in which two kinds can be dealt to them.
 */
const TWO_OF_FIVE = [0b00011, 0b00101, 0b01001, 0b10001, 0b00110, 0b01010, 0b10010, 0b01100];

function dealt(kind: string, run: number): ReadonlyMap<string, string> {
  const isThere = (i: number) => run === 5 || ((TWO_OF_FIVE[i] ?? 0) >> run) % 2 === 1;
  return new Map(NAMES.map((name, i) => [name, isThere(i) ? kind : 'inline']));
}

async function runDealt(kinds: ReadonlyMap<string, string>): Promise<Report> {
  using desk = copyDesk();
  let text = readFileSync(desk.manifest, 'utf8');
  for (const [name, kind] of kinds) {
    const head = `\n  ${name}:\n`;
    expect(text).toContain(head);
    text = text.replace(head, `${head}    kind: ${kind}\n`);
  }
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

describe('the support desk, dealt out over the kinds', () => {
  let inline: ReturnType<typeof answersOf>;
  beforeAll(async () => {
    inline = answersOf(await runDealt(new Map()));
    expect(inline.tickets).toHaveLength(6);
  });

  it.each([0, 1, 2, 3, 4, 5].map((run) => ['worker', run] as const))('%s, run %i', async (kind, run) => {
    expect(answersOf(await runDealt(dealt(kind, run)))).toEqual(inline);
  });
});
