import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Report, runDesk } from '../examples/support-desk/desk.ts';
import { verifyJournal } from '../src/index.ts';
import { analyse, loadManifest, why } from '../src/policy/index.ts';
import { cofferdam } from './cli/support.ts';
import { copyDesk } from './desk-copy.ts';

/** Read by eye in the tickets: what the detector knows to be personal. */
const PERSONAL = /[\w.+-]+@[\w-]+\.\w+|\b(?:\d[ -]?){13,16}\b/;
/** What the summariser's telemetry looks for: see its source. */
const CARD = /(?:\d[ -]?){13,}/;
const CUSTOMERS = ['customer:acme', 'customer:globex'];
/** Each of these is given tickets of both customers. */
const USED = ['summarise', 'classify', 'format', 'count', 'detect', 'rules', 'redact'];

const desk = copyDesk();
let report: Report;
beforeAll(async () => {
  report = await runDesk(desk.manifest);
});
afterAll(() => desk[Symbol.dispose]());

describe('the support desk', () => {
  it('works on every ticket at the label of its customer', () => {
    expect(report.tickets).toHaveLength(6);
    for (const { path, label, summary, words, urgency, topic, text } of report.tickets) {
      expect(label).toBe(`{customer:${dirname(path)}}`);
      expect([summary.length > 0, topic.length > 0]).toEqual([true, true]);
      expect(words).toBeGreaterThan(10);
      expect(urgency).toBeGreaterThanOrEqual(0);
      expect(text.length).toBeGreaterThan(summary.length / 2);
    }
  });

  it('denies the telemetry, and explains', () => {
    expect(report.denied).toHaveLength(2); // one edge, two labels
    for (const [i, customer] of CUSTOMERS.entries()) {
      const { edge, explanation, times } = report.denied[i] ?? { edge: '', explanation: '', times: 0 };
      expect(edge).toMatch(/^summarise -> notify: /);
      expect(explanation).toContain(customer);
      expect(explanation).toContain('compartments.notify.clearance.secrecy');
      const tempting = report.tickets.filter(({ label, text }) => label.includes(customer) && CARD.test(text));
      expect(times).toBe(tempting.length);
    }
  });

  it('stops the plugin that loops at its deadline, and goes on', () => {
    expect(report.stopped.map(({ path, code }) => [path, code])).toEqual([[report.tickets[0]?.path, 'LIMIT_DEADLINE']]);
    expect(report.stopped[0]?.message).toContain('compartments.spell.limits.deadline');
    expect(report.stopped[0]?.afterMs).toBeGreaterThan(95);
    expect(report.instances.filter(({ id }) => id.startsWith('spell@'))).toEqual([]);
  });

  it('releases text without the personal data that is in the tickets', () => {
    expect(report.tickets.filter(({ text }) => PERSONAL.test(text)).length).toBeGreaterThan(1);
    expect(report.released.map(({ after }) => after)).toEqual(Array(6).fill('public'));
    for (const { before, text } of report.released) {
      expect(CUSTOMERS).toContain(before.slice(1, -1));
      expect(text).not.toMatch(PERSONAL);
    }
    expect(report.leaks).toEqual([]);
  });

  it('sends that to the web server, and nothing else', () => {
    expect([...report.arrived].sort()).toEqual(report.released.map(({ text }) => text).sort());
  });

  it('has two instances of each compartment, and one that is public', () => {
    for (const name of USED) {
      const labels = report.instances.filter(({ id }) => id.startsWith(`${name}@`)).map(({ label }) => label);
      expect(labels.sort(), name).toEqual(CUSTOMERS.map((customer) => `{${customer}}`));
    }
    expect(report.instances.filter(({ id }) => id.startsWith('notify@')).map(({ label }) => label)).toEqual(['public']);
    expect(new Set(report.instances.map(({ id }) => id)).size).toBe(2 * USED.length + 1);
  });

  it('answers from its journal', () => {
    const { denials, gateUses, routes } = report.questions;
    expect([denials, gateUses]).toEqual([report.tickets.filter(({ text }) => CARD.test(text)).length, 6]);
    const allowed = routes.filter((route) => route.endsWith('webhook'));
    expect(allowed.length, routes.join('\n')).toBeGreaterThan(0);
    for (const route of allowed) expect(route).toMatch(/^tickets .*redact.*\(gate: -customer:acme\).*notify/);
    expect(routes.some((route) => /summarise.*notify {2}DENIED$/.test(route))).toBe(true);
    expect(routes.join()).not.toContain('globex');
    expect(report.journal.ok).toBe(true);
    expect(verifyJournal(desk.journal).ok).toBe(true);
    expect(
      readdirSync(dirname(desk.journal)).filter((name) => !/^audit\.db(\.head|-wal|-shm|\.lock)?$/.test(name)),
    ).toEqual([]);
  });

  it('takes less than ten seconds', () => {
    expect(report.elapsedMs).toBeLessThan(10_000);
  });
});

describe('check --why customer:acme webhook', () => {
  const waysOf = async (manifest: string) =>
    why(analyse(await loadManifest(manifest), new Map()), 'customer:acme', 'webhook');

  it('shows the way through the gate, and no other', async () => {
    const ways = await waysOf(desk.manifest);
    expect(ways.length).toBeGreaterThan(0);
    for (const way of ways) expect(JSON.stringify(way)).toContain('redact');
    const { code, stdout } = await cofferdam(['check', desk.manifest, '--why', 'customer:acme', 'webhook']);
    expect([code, stdout.includes('redact')]).toEqual([0, true]);
  });

  it('shows none when the gate releases nothing', async () => {
    const text = readFileSync(desk.manifest, 'utf8');
    const closed = text.replace(/^ {8}declassify: .*\n/m, '');
    expect(closed).not.toBe(text);
    const file = desk.manifest.replace('cofferdam.yaml', 'closed.yaml');
    writeFileSync(file, closed);
    expect(await waysOf(file)).toEqual([]);
  });
});
