import * as Plot from '@observablehq/plot';
import type { Figures } from '../../src/bench/figures.ts';

/*
 * Draws the charts of the page that `cofferdam bench --html` writes, each into the element that waits for it. Everything
 * they show stands in the tables of the page as well; all text goes in as text.
 */

type Measured = Figures['rows'][number];
type Target = Figures['targets'][number];
type Curve = Figures['scaling'][number];

const NANOSECONDS: Readonly<Record<string, number>> = { ns: 1, us: 1e3, ms: 1e6 };
const STEPS = [
  [1e9, 's'],
  [1e6, 'ms'],
  [1e3, 'µs'],
  [0, 'ns'],
] as const;

const figures = JSON.parse(document.getElementById('figures')?.textContent ?? '') as Figures;

/** Three digits, in the unit that suits: times have been turned into nanoseconds before. */
function format(value: number, unit: string): string {
  if (unit === 'x') return `${digits(value)} ×`;
  if (unit === 'KiB') return `${digits(value)} KiB`;
  const [per, sign] = STEPS.find(([least]) => value >= least) ?? [1, 'ns'];
  return `${digits(value / (per || 1))} ${sign}`;
}

function digits(value: number): string {
  return value.toLocaleString('en', { maximumSignificantDigits: 3 });
}

const scaled = (value: number, unit: string) => value * (NANOSECONDS[unit] ?? 1);
const isOurs = (subject: string) => subject.startsWith('cofferdam');
const colour = (subject: string) => (isOurs(subject) ? 'var(--ours)' : 'var(--peer)');

/** The charts stand in columns of different widths; 640 suits the text beside the marks. */
const WIDTH = 640;
const STYLE = { background: 'transparent', color: 'var(--text)', fontSize: '12px', fontFamily: 'inherit' };

/** Powers of ten between the two; one, two and five of each where these are few. */
function decades(least: number, most: number): number[] {
  const steps = most / least > 1000 ? [1] : most / least > 30 ? [1, 3] : [1, 2, 5];
  const first = Math.floor(Math.log10(least));
  const powers = Array.from({ length: Math.ceil(Math.log10(most)) - first + 1 }, (_, i) => 10 ** (first + i));
  const all = powers
    .flatMap((power) => steps.map((step) => step * power))
    .filter((tick) => tick >= least && tick <= most);
  return all.filter((_, i) => i % Math.ceil(all.length / 6) === 0);
}

function label(element: Element, text: string): Element {
  element.setAttribute('role', 'img');
  element.setAttribute('aria-label', text);
  return element;
}

/** For each subject the median, the quartiles around it, and from the best to the 99th percentile. */
function rowChart(id: string, rows: readonly Measured[], targets: readonly Target[]): Element {
  const unit = rows[0]?.unit ?? 'ns';
  const ours = rows.find(({ subject }) => subject === 'cofferdam')?.p50;
  const data = rows.map((row) => ({
    subject: row.subject,
    p50: scaled(row.p50, unit),
    p99: scaled(row.p99, unit),
    best: scaled(row.best, unit),
    q1: scaled(row.q1, unit),
    q3: scaled(row.q3, unit),
    note: `${format(scaled(row.p50, unit), unit)}${ours === undefined || row.subject === 'cofferdam' ? '' : `  (${digits(row.p50 / ours)} ×)`}`,
  }));
  const bounds = targets.flatMap(({ bound, target }) =>
    bound === null ? [] : [{ bound: scaled(bound, unit), target }],
  );
  const values = [...data.flatMap(({ best, p99 }) => [best, p99]), ...bounds.map(({ bound }) => bound)];
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const chart = Plot.plot({
    width: WIDTH,
    height: 48 + data.length * 26,
    marginLeft: 168,
    marginRight: 118,
    style: STYLE,
    x: {
      type: 'log',
      domain: [least / 1.3, most * 1.3],
      label: null,
      grid: true,
      ticks: decades(least / 1.3, most * 1.3),
      tickFormat: (value: number) => format(value, unit),
    },
    y: { domain: data.map(({ subject }) => subject), label: null, tickSize: 0 },
    marks: [
      Plot.ruleX(bounds, {
        x: 'bound',
        stroke: 'var(--target)',
        strokeDasharray: '4,3',
        strokeWidth: 1.5,
        title: 'target',
      }),
      Plot.ruleY(data, { y: 'subject', x1: 'best', x2: 'p99', stroke: (d) => colour(d.subject), strokeOpacity: 0.45 }),
      Plot.ruleY(data, {
        y: 'subject',
        x1: 'q1',
        x2: 'q3',
        stroke: (d) => colour(d.subject),
        strokeWidth: 5,
        strokeOpacity: 0.6,
      }),
      Plot.dot(data, { y: 'subject', x: 'p50', r: 5, fill: (d) => colour(d.subject) }),
      Plot.text(data, {
        y: 'subject',
        text: 'note',
        frameAnchor: 'right',
        dx: 112,
        textAnchor: 'end',
        fill: 'var(--text)',
      }),
    ],
  });
  return label(chart, `${id}: medians by subject; the table below has the same figures`);
}

/** Where each row stands to its bound: left of 1 is met. */
function targetChart(targets: readonly Target[]): Element {
  const data = targets.flatMap(({ id, target, timesBound, isMet }) =>
    timesBound === null ? [] : [{ name: `${id}: ${target}`, timesBound, isMet: isMet === true }],
  );
  const most = Math.max(2, ...data.map(({ timesBound }) => timesBound));
  const least = Math.min(0.5, ...data.map(({ timesBound }) => timesBound));
  const chart = Plot.plot({
    width: 1120,
    height: 70 + data.length * 20,
    marginBottom: 40,
    marginLeft: 390,
    marginRight: 56,
    style: STYLE,
    x: {
      type: 'log',
      domain: [least / 1.2, most * 1.2],
      grid: true,
      ticks: 6,
      label: 'times the bound',
      tickFormat: digits,
    },
    y: { domain: data.map(({ name }) => name), label: null, tickSize: 0 },
    marks: [
      Plot.ruleY(data, {
        y: 'name',
        x1: 1,
        x2: 'timesBound',
        stroke: (d) => (d.isMet ? 'var(--good)' : 'var(--bad)'),
        strokeWidth: 3,
      }),
      Plot.ruleX([1], { stroke: 'var(--text)' }),
      Plot.dot(data, {
        y: 'name',
        x: 'timesBound',
        r: 5,
        symbol: (d: { isMet: boolean }) => (d.isMet ? 'circle' : 'times'),
        stroke: (d) => (d.isMet ? 'var(--good)' : 'var(--bad)'),
        fill: (d) => (d.isMet ? 'var(--good)' : 'none'),
        strokeWidth: 2,
      }),
      Plot.text(data, {
        y: 'name',
        text: (d) => digits(d.timesBound),
        frameAnchor: 'right',
        dx: 46,
        textAnchor: 'end',
        fill: 'var(--text)',
      }),
    ],
  });
  return label(chart, 'Each target: the median as a multiple of the bound; the table below has the same figures');
}

/** Cost against size, both logarithmic: a flat line does not grow. */
function curveChart(id: string, curves: readonly Curve[]): Element {
  const unit = curves[0]?.unit ?? 'ns';
  const tone = (subject: string) => (subject === curves[0]?.subject ? 'var(--ours)' : 'var(--second)');
  const data = curves.flatMap(({ subject, points }) =>
    points.map(({ x, p50, q1, q3 }) => ({
      subject,
      x,
      p50: scaled(p50, unit),
      q1: scaled(q1, unit),
      q3: scaled(q3, unit),
    })),
  );
  const low = Math.min(...data.map(({ q1 }) => q1));
  const high = Math.max(...data.map(({ q3 }) => q3));
  const ends = curves.flatMap(({ subject, points }) => {
    const last = points.at(-1);
    return last === undefined ? [] : [{ subject, x: last.x, p50: scaled(last.p50, unit) }];
  });
  const chart = Plot.plot({
    width: 440,
    height: 270,
    marginBottom: 44,
    marginLeft: 64,
    marginRight: 20,
    style: STYLE,
    x: { type: 'log', label: curves[0]?.by ?? '', ticks: 5, tickFormat: '~s' },
    // A decade at least, so that noise does not look like growth.
    y: {
      type: 'log',
      domain: [Math.min(low, high / 10) / 1.1, high * 1.3],
      grid: true,
      ticks: decades(Math.min(low, high / 10) / 1.1, high * 1.3),
      label: null,
      tickFormat: (value: number) => format(value, unit),
    },
    marks: [
      Plot.areaY(data, { x: 'x', y1: 'q1', y2: 'q3', z: 'subject', fill: (d) => tone(d.subject), fillOpacity: 0.2 }),
      Plot.line(data, { x: 'x', y: 'p50', z: 'subject', stroke: (d) => tone(d.subject), strokeWidth: 2 }),
      Plot.dot(data, { x: 'x', y: 'p50', r: 3, fill: (d) => tone(d.subject) }),
      Plot.text(ends, {
        x: 'x',
        y: 'p50',
        text: 'subject',
        textAnchor: 'end',
        dy: -10,
        fill: (d) => tone(d.subject),
      }),
    ],
  });
  return label(chart, `${id}: cost as ${curves[0]?.by ?? 'work'} grows; the table below has the same figures`);
}

/** Edges have long names; their two ends say most. */
function shorten(name: string): string {
  return name.length > 64 ? `${name.slice(0, 40)}…${name.slice(-22)}` : name;
}

/** What each crossing of an application costs. */
function edgeChart(edges: NonNullable<Figures['application']>['edges']): Element {
  const data = edges.flatMap(({ edge, measured }) => (measured === null ? [] : [{ edge, ...measured }]));
  const values = data.flatMap(({ best, p99 }) => [best, p99]);
  const chart = Plot.plot({
    width: 1120,
    height: 48 + data.length * 26,
    marginLeft: 430,
    marginRight: 80,
    style: STYLE,
    x: {
      type: 'log',
      domain: [Math.min(...values) / 1.3, Math.max(...values) * 1.3],
      label: null,
      grid: true,
      ticks: decades(Math.min(...values), Math.max(...values)),
      tickFormat: (value: number) => format(value, 'ns'),
    },
    y: { domain: data.map(({ edge }) => edge), label: null, tickSize: 0, tickFormat: shorten },
    marks: [
      Plot.ruleY(data, { y: 'edge', x1: 'best', x2: 'p99', stroke: 'var(--ours)', strokeOpacity: 0.45 }),
      Plot.ruleY(data, { y: 'edge', x1: 'q1', x2: 'q3', stroke: 'var(--ours)', strokeWidth: 5, strokeOpacity: 0.6 }),
      Plot.dot(data, { y: 'edge', x: 'p50', r: 5, fill: 'var(--ours)' }),
      Plot.text(data, {
        y: 'edge',
        text: (d) => format(d.p50, 'ns'),
        frameAnchor: 'right',
        dx: 74,
        textAnchor: 'end',
        fill: 'var(--text)',
      }),
    ],
  });
  return label(chart, 'Each crossing of the application; the table below has the same figures');
}

function draw(slot: HTMLElement): Element | null {
  const { chart, id = '' } = slot.dataset;
  if (chart === 'targets') return targetChart(figures.targets);
  if (chart === 'edges') return edgeChart(figures.application?.edges ?? []);
  if (chart === 'curve')
    return curveChart(
      id,
      figures.scaling.filter((curve) => curve.id === id),
    );
  const rows = figures.rows.filter((row) => row.id === id);
  return rows.length === 0
    ? null
    : rowChart(
        id,
        rows,
        figures.targets.filter((target) => target.id === id),
      );
}

for (const slot of document.querySelectorAll<HTMLElement>('[data-chart]')) {
  const chart = draw(slot);
  if (chart !== null) slot.replaceChildren(chart);
}
