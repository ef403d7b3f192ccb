import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { type Figures, figuresSchema } from '../../src/bench/figures.ts';
import { renderPage } from '../../src/bench/page.ts';
import { pageScript } from '../../src/bench/page-script.ts';

const folder = mkdtempSync(join(tmpdir(), 'cofferdam-page-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** As a peer, a manifest or a message could have it. */
const HOSTILE = `"'</script><script>document.title='owned'</script><img src=x onerror="document.title='owned'">`;

const measured = { p50: 12, p99: 40, best: 10, q1: 11, q3: 14, rounds: [12, 12.5, 11.5], samples: 9 };
const point = (x: number) => ({ x, p50: 10, best: 9, q1: 9.5, q3: 11 });
const figures: Figures = figuresSchema.parse({
  format: 1,
  startedAt: '2026-01-01T00:00:00.000Z',
  seconds: 12,
  quick: false,
  machine: { cpu: HOSTILE, cores: 2, memoryGiB: 4, os: 'linux x64' },
  versions: { cofferdam: '0.1.0', node: '26.10.0', [HOSTILE]: HOSTILE },
  about: [{ id: 'call.row', what: HOSTILE, unit: 'us', sampling: 'batch' }],
  rows: [
    { id: 'call.row', subject: 'cofferdam', unit: 'us', ...measured },
    { id: 'call.row', subject: HOSTILE, unit: 'us', ...measured, p50: 30, q3: 31 },
  ],
  missing: [{ id: 'call.row', subject: 'absent', kind: 'missing', reason: HOSTILE }],
  targets: [{ id: 'call.row', subject: 'cofferdam', target: HOSTILE, bound: 20, isMet: true, timesBound: 0.6 }],
  scaling: [
    {
      id: 'scale.row',
      subject: HOSTILE,
      what: HOSTILE,
      unit: 'ns',
      by: HOSTILE,
      points: [1, 10, 100].map(point),
      exponent: 0,
      low: -0.1,
      high: 0.1,
    },
  ],
  application: {
    manifest: HOSTILE,
    crossingShare: 0.5,
    edges: [{ edge: HOSTILE, crossing: HOSTILE, reason: null, measured, inside: 5 }],
    advice: [{ edge: HOSTILE, text: HOSTILE }],
  },
});

const page = renderPage(figures, await pageScript());
const browser = ['/usr/bin/chromium', '/usr/bin/google-chrome'].find((path) => existsSync(path));
const HEADLESS = '--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking';

describe('the page of figures', () => {
  it('holds its own script and no other, and asks nobody for anything', () => {
    expect(page.match(/<script\b/g)).toHaveLength(2);
    const [, script = ''] = /<script>([\s\S]*)<\/script>\n<\/body>/.exec(page) ?? [];
    const hash = createHash('sha256').update(script).digest('base64');
    expect(page).toContain(`default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${hash}'`);
    expect(page).not.toMatch(/<(?:img|link|iframe|base)\b/);
  });

  it('has all figures as text, and the data as it was', () => {
    const tables = page.slice(0, page.indexOf('<script'));
    for (const text of ['call.row', 'scale.row', 'absent', '12.0', '30.0']) expect(tables).toContain(text);
    const [, json = ''] = /<script type="application\/json" id="figures">(.*?)<\/script>/.exec(page) ?? [];
    expect(JSON.parse(json)).toEqual(figures);
  });

  it.skipIf(browser === undefined)('draws every chart in a browser, from a file, and runs nothing else', async () => {
    const file = join(folder, 'bench.html');
    writeFileSync(file, page);
    const args = [...HEADLESS.split(' '), `--user-data-dir=${folder}/profile`, '--dump-dom', `file://${file}`];
    const { stdout } = await promisify(execFile)(browser ?? '', args, { maxBuffer: 64 * 1_048_576 });
    const drawn = stdout.slice(0, stdout.indexOf('<script'));
    expect(/<title>(.*?)<\/title>/.exec(drawn)?.[1]).toBe('Cofferdam benchmark');
    expect(drawn.match(/<svg\b/g)).toHaveLength(4);
    expect(drawn.match(/role="img"/g)).toHaveLength(4);
    expect(drawn.match(/NaN|undefined|<img/g)).toBe(null);
  });
});
