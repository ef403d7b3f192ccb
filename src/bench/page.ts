import { createHash } from 'node:crypto';
import { escapeMarkup } from '../suite/report/markup.ts';
import type { Figures } from './figures.ts';
import { PAGE_STYLE } from './page-style.ts';
import { round } from './round.ts';
import { isOurs } from './select.ts';
import { signOf } from './sign.ts';

type About = Figures['about'][number];

/**
 * One page that needs nothing beside itself, from a file or anywhere. The figures stand in it as tables; the script draws
 * charts of the same. Nothing but that script can run: the policy names its hash.
 */
export function renderPage(figures: Figures, script: string): string {
  const text = script.replaceAll('</script', '<\\/script');
  const hash = createHash('sha256').update(text).digest('base64');
  const policy = `default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${hash}'`;
  // In JSON, `<` can only stand in a string.
  const data = JSON.stringify(figures).replaceAll('<', '\\u003c');
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<title>Cofferdam benchmark</title><style>${PAGE_STYLE}</style></head><body>
${header(figures)}
<main>
${applicationSection(figures)}
${targetsSection(figures)}
${rowsSection(figures)}
${scalingSection(figures)}
<footer class="soft small">${versions(figures)}</footer>
</main>
<script type="application/json" id="figures">${data}</script>
<script>${text}</script>
</body></html>
`;
}

function header({
  machine,
  startedAt,
  seconds,
  quick,
  targets,
  versions: { cofferdam, node },
  rows,
  about,
}: Figures): string {
  const known = targets.filter(({ isMet }) => isMet !== null);
  const met = known.filter(({ isMet }) => isMet === true).length;
  const remark = quick ? '<p class="missed">A quick run: it shows that it works, and its figures mean little.</p>' : '';
  return `<header><h1>What a crossing costs</h1>
<p class="soft">Cofferdam ${escapeMarkup(cofferdam ?? '')} and its peers, measured in turns in one run of ${Math.round(seconds)} s, ${escapeMarkup(startedAt.slice(0, 16).replace('T', ' '))} UTC. Every message of Cofferdam is decided and recorded; no peer decides or records anything.</p>${remark}
<div class="tiles">
${known.length === 0 ? '' : tile(`${met} of ${known.length}`, 'targets met')}
${about.length === 0 ? '' : tile(String(about.length), 'rows') + tile(String(new Set(rows.map(({ subject }) => subject)).size), 'subjects')}
${tile(`${escapeMarkup(machine.cpu)}`, `${machine.cores} cores, ${machine.memoryGiB} GiB, ${escapeMarkup(machine.os)}`)}
${tile(escapeMarkup(node ?? ''), 'Node')}
</div></header>`;
}

function tile(value: string, what: string): string {
  return `<div class="tile"><b>${value}</b><span>${what}</span></div>`;
}

function targetsSection({ targets, about }: Figures): string {
  if (targets.length === 0) return '';
  const rows = targets.map(({ id, target, bound, isMet, timesBound }) => {
    const unit = about.find((row) => row.id === id)?.unit ?? 'ns';
    const [style, word] = isMet === null ? ['unknown', 'not known'] : isMet ? ['met', 'met'] : ['missed', 'missed'];
    const limit = bound === null ? '' : `${round(bound)} ${signOf(unit)}`;
    return `<tr><th scope="row">${escapeMarkup(id)}</th><td class="left">${escapeMarkup(target)}</td><td>${limit}</td><td>${timesBound === null ? '' : round(timesBound)}</td><td class="${style}">${word}</td></tr>`;
  });
  return `<section><h2>Targets</h2><article><div class="scroll" data-chart="targets"></div>
<p class="small soft">Medians as multiples of their bounds: left of 1 a target is met.</p>
${table('All targets', ['row', 'target', 'bound', 'times the bound', ''], rows)}</article></section>`;
}

function rowsSection(figures: Figures): string {
  if (figures.about.length === 0) return '';
  return `<section><h2>Rows</h2>
<p class="small soft key">Dot: median. Thick: quartiles. Thin: from the best to the 99th percentile. In brackets: times Cofferdam's median. Axes are logarithmic. <i style="background:var(--ours)"></i>Cofferdam <i style="background:var(--peer)"></i>others <i style="background:var(--target);border-radius:0;width:2px"></i>target</p>
<div class="grid">${figures.about.map((row) => rowArticle(row, figures)).join('\n')}</div></section>`;
}

function rowArticle({ id, what, unit, sampling }: About, { rows, missing }: Figures): string {
  const measured = rows.filter((row) => row.id === id);
  const ours = measured.find(({ subject }) => subject === 'cofferdam')?.p50;
  const lines = measured.map(({ subject, p50, p99, best }) => {
    const ratio = ours === undefined ? '' : round(p50 / ours);
    return `<tr${isOurs(subject) ? ' class="ours"' : ''}><th scope="row">${escapeMarkup(subject)}</th><td>${round(p50)}</td><td>${round(p99)}</td><td>${round(best)}</td><td>${ratio}</td></tr>`;
  });
  const absent = missing
    .filter((row) => row.id === id)
    .map(
      ({ subject, kind, reason }) =>
        `<tr><th scope="row">${escapeMarkup(subject)}</th><td colspan="4" class="left ${kind === 'failed' ? 'missed' : 'unknown'}">${kind === 'failed' ? 'failed: ' : ''}${escapeMarkup(reason)}</td></tr>`,
    );
  const sign = signOf(unit);
  const how = sampling === 'each' ? 'Each one timed.' : 'In batches.';
  return `<article><h3>${escapeMarkup(id)}</h3><p class="small soft">${escapeMarkup(what)}. ${how}</p>
<div data-chart="row" data-id="${escapeMarkup(id)}"></div>
${absent.length === 0 ? '' : `<table><tbody>${absent.join('')}</tbody></table>`}
${table('Figures', ['subject', `p50, ${sign}`, `p99, ${sign}`, `best, ${sign}`, 'times Cofferdam'], lines)}</article>`;
}

function scalingSection({ scaling }: Figures): string {
  if (scaling.length === 0) return '';
  const ids = [...new Set(scaling.map(({ id }) => id))];
  const articles = ids.map((id) => {
    const curves = scaling.filter((curve) => curve.id === id);
    const [first] = curves;
    const exponents = curves.map(
      ({ subject, exponent, low, high }) =>
        `<b>${escapeMarkup(subject)}</b>: cost grows as ${escapeMarkup(first?.by ?? '')}<sup>${exponent.toFixed(2)}</sup> (${low.toFixed(2)} to ${high.toFixed(2)})`,
    );
    const lines = curves.flatMap(({ subject, unit, points }) =>
      points.map(
        ({ x, p50, q1, q3 }) =>
          `<tr><th scope="row">${escapeMarkup(subject)}</th><td>${x.toLocaleString('en')}</td><td>${round(p50)} ${signOf(unit)}</td><td>${round(q1)}</td><td>${round(q3)}</td></tr>`,
      ),
    );
    return `<article><h3>${escapeMarkup(id)}</h3><p class="small soft">${escapeMarkup(first?.what ?? '')}.</p>
<div data-chart="curve" data-id="${escapeMarkup(id)}"></div><p class="small">${exponents.join('<br>')}</p>
${table('Figures', ['subject', escapeMarkup(first?.by ?? ''), 'p50', 'q1', 'q3'], lines)}</article>`;
  });
  return `<section><h2>As work grows</h2>
<p class="small soft">Both axes are logarithmic, and show a decade at least: an exponent of 0 is flat, 1 is linear.</p>
<div class="grid narrow">${articles.join('\n')}</div></section>`;
}

function applicationSection({ application }: Figures): string {
  if (application === null) return '';
  const { manifest, crossingShare, edges, advice } = application;
  const lines = edges.map(({ edge, crossing, reason, measured, inside }) => {
    const cells =
      measured === null
        ? `<td colspan="4" class="left unknown">${escapeMarkup(reason ?? '')}</td>`
        : `<td>${round(measured.p50)}</td><td>${round(measured.p99)}</td><td>${inside === null ? '' : round(inside)}</td><td>${inside === null ? '' : round(measured.p50 - inside)}</td>`;
    return `<tr><th scope="row">${escapeMarkup(edge)}</th><td class="left">${escapeMarkup(crossing)}</td>${cells}</tr>`;
  });
  const share =
    crossingShare === null
      ? ''
      : `<p>Of the time of these calls, ${Math.round(crossingShare * 100)} % went into crossing.</p>`;
  const tips = advice.map(({ edge, text }) => `<li><b>${escapeMarkup(edge)}</b>: ${escapeMarkup(text)}</li>`);
  return `<section><h2>This application</h2><article><p class="soft">${escapeMarkup(manifest)}</p>
<div class="scroll" data-chart="edges"></div>${share}
${tips.length === 0 ? '' : `<ul>${tips.join('')}</ul>`}
${table('Its edges', ['edge', 'how', 'p50, ns', 'p99, ns', 'inside, ns', 'crossing, ns'], lines)}</article></section>`;
}

/** `heads` and `rows` are markup already. */
function table(title: string, heads: readonly string[], rows: readonly string[]): string {
  const columns = heads.map((head) => `<th scope="col">${head}</th>`).join('');
  return `<details><summary>${title}</summary><div class="scroll"><table><thead><tr>${columns}</tr></thead><tbody>${rows.join('')}</tbody></table></div></details>`;
}

function versions({ versions: known }: Figures): string {
  const each = Object.entries(known).map(
    ([name, version]) => `${escapeMarkup(name)}: ${escapeMarkup(version ?? 'not installed')}`,
  );
  return `${each.join(' · ')}<br>Charts by Observable Plot, whose licences are in this page's script.`;
}
