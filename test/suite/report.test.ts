import { describe, expect, it } from 'vitest';
import { renderHtml } from '../../src/suite/report/html.ts';
import { renderJunit } from '../../src/suite/report/junit.ts';
import { renderPretty } from '../../src/suite/report/pretty.ts';
import { renderTap } from '../../src/suite/report/tap.ts';
import { makeScoreboard } from '../../src/suite/scoreboard.ts';
import type { Outcome } from '../../src/suite/verdict.ts';

const HOSTILE = '<img src=x onerror=alert(1)> & "quoted" # \u001b[2J\nsecond line';
const cases = [
  { number: 1, name: 'direct-leak', group: 'Flow', title: 'sends' },
  { number: 14, name: 'gate', group: 'Gates and grants', title: HOSTILE },
] as const;
const verdict = (number: number, name: string, kind: string, outcome: Outcome, detail = '') => ({
  number,
  name,
  kind,
  outcome,
  detail,
  ms: 12,
});
const board = makeScoreboard(
  cases,
  [
    verdict(1, 'direct-leak', 'inline', 'passed'),
    verdict(1, 'direct-leak', 'worker', 'hung', 'no end'),
    verdict(14, 'gate', 'inline', 'breach', HOSTILE),
    verdict(14, 'gate', 'worker', 'not-applicable', 'no gates # there'),
  ],
  {
    versions: { cofferdam: '0', node: '26' },
    subject: 'cofferdam',
    seed: 7,
    startedAt: '2026-01-01T00:00:00Z',
    ms: 1500,
  },
);

describe('a scoreboard', () => {
  it('counts what passed, failed and does not apply', () => {
    expect(board).toMatchObject({ kinds: ['inline', 'worker'], passed: 1, failed: 2, notApplicable: 1 });
  });

  it('is shown by group and kind, with what came through', () => {
    const text = renderPretty(board);
    expect(text).toMatch(/^Flow +1\/1 +0\/1/m);
    expect(text).toMatch(/^ +1 direct-leak +ok +HUNG/m);
    expect(text).toContain('BREACH 14 gate (inline)');
    expect(text).toContain('1 passed, 2 failed, 1 not applicable in 1.5 s');
    expect(text).not.toContain('\u001b[2J');
  });

  it('is TAP', () => {
    const lines = renderTap(board).split('\n');
    expect(lines.slice(0, 2)).toEqual(['TAP version 14', '1..4']);
    expect(lines.filter((line) => /^(not )?ok \d+ - /.test(line))).toHaveLength(4);
    expect(lines).toContain('ok 4 - 14 gate (worker) # SKIP no gates \\# there');
    expect(lines.find((line) => line.startsWith('  detail: ') && line.includes('img'))).toBe(
      `  detail: ${JSON.stringify(HOSTILE)}`,
    );
  });

  it('is XML that holds no character XML has none for', () => {
    const xml = renderJunit(board);
    expect(xml).toContain('<testsuites name="cofferdam test" tests="4" failures="2"');
    expect(xml).toContain('<skipped message="no gates # there"/>');
    expect(xml).not.toContain('<img');
    expect(xml).not.toContain('\u001b');
  });

  it('is a page without scripts, in which all text is data', () => {
    const html = renderHtml(board);
    expect(html).not.toMatch(/<script|<img/);
    expect(html).not.toContain('\u001b');
    expect(html).toContain('&lt;img src=x onerror=alert(1)&gt;');
    expect(html).toContain("default-src 'none'");
  });
});
