import { describe, expect, it } from 'vitest';
import {
  type CheckReport,
  check,
  parseManifest,
  renderDot,
  renderJson,
  renderMermaid,
  renderText,
} from '../../src/policy/index.ts';
import { SUPPORT_DESK } from './support-desk.ts';

const report = check(parseManifest(SUPPORT_DESK));
/** Names that end a quoted text and begin something else, in each of the formats. */
const HOSTILE = 'x"]; click n0 "javascript:alert(1)"\n} \\" digraph { <b>';

const hostile: CheckReport = {
  ...report,
  nodes: [{ id: HOSTILE, kind: 'compartment', name: HOSTILE, label: {} }],
  edges: [{ from: 'host', to: HOSTILE, kind: 'entry', import: HOSTILE, gate: null }],
  releases: [{ from: HOSTILE, to: 'host', gate: HOSTILE, removed: [], added: [] }],
  denied: [],
};

describe('text', () => {
  it('shows what a reviewer must read', () => {
    const text = renderText(report);
    expect(text).toContain('redact.redact: declassifies customer:*; requires vetted; at most 100 calls/min\n');
    expect(text).toContain('summarise -> notify at {customer:*}');
    expect(text).toContain('customer:* -> webhook through redact.redact\n');
    expect(text.endsWith('\nok\n')).toBe(true);
  });

  it('shows how a rule can be broken, and where it stands', () => {
    const text = renderText(check(parseManifest(SUPPORT_DESK.replace(' except redact', ''))));
    expect(text).toMatch(/line 25: customer:\* -> webhook\n +host → redact@/);
    expect(text.endsWith('\nnot ok: 1 forbidden\n')).toBe(true);
  });
});

describe('JSON', () => {
  it('is the report', () => {
    expect(JSON.parse(renderJson(report))).toEqual(report);
  });
});

describe('Mermaid', () => {
  it('has every node, call, release and denial', () => {
    const lines = renderMermaid(report).split('\n');
    expect(lines[0]).toBe('flowchart LR');
    expect(lines.filter((line) => line.includes('-->'))).toHaveLength(report.edges.length);
    expect(lines.filter((line) => line.includes('==>'))).toHaveLength(report.releases.length);
    expect(lines.filter((line) => line.includes('-.->'))).toHaveLength(1);
  });

  it('lets no name out of its quotes', () => {
    const line =
      /^ {2}n\d+(\(\("|\["|\[\(")[A-Za-z0-9 @:/._,|*#;-]*("\)\)|"\]|"\)\])$|^ {2}n\d+ [-=.]+>(\|"[A-Za-z0-9 @:/._,*#;-]*"\|)? n\d+$/;
    for (const text of renderMermaid(hostile).trimEnd().split('\n').slice(1)) expect(text).toMatch(line);
  });
});

describe('DOT', () => {
  it('has every node, call, release and denial', () => {
    const lines = renderDot(report).split('\n');
    expect(lines.filter((line) => line.includes(' -> "'))).toHaveLength(
      report.edges.length + report.releases.length + 1,
    );
    expect(lines).toContain('  "summarise@{customer:*}" -> "notify@public" [label="denied", style=dashed, color=red]');
  });

  it('lets no name out of its quotes', () => {
    const quoted = '"(?:[^"\\\\\\n]|\\\\["\\\\])*"';
    const line = new RegExp(
      `^  ${quoted}( -> ${quoted})?( \\[(label=${quoted}|shape=\\w+|style=\\w+|color=\\w+)(, (style=\\w+|color=\\w+))*\\])?$`,
    );
    for (const text of renderDot(hostile).trimEnd().split('\n').slice(2, -1)) expect(text).toMatch(line);
  });
});
