import { writeFileSync } from 'node:fs';
import { Command } from 'commander';
import { toJson } from './src/json.ts';
import { describeMachine } from './src/machine.ts';
import { toMarkdown } from './src/markdown.ts';
import { QUICK, THOROUGH } from './src/measure.ts';
import { installPeers } from './src/peers.ts';
import { type Result, runRow } from './src/result.ts';
import { ROWS } from './src/rows.ts';
import { Scene } from './src/scene.ts';
import { formatResult } from './src/table.ts';
import { verdictsOf } from './src/verdict.ts';

interface Options {
  readonly json?: string;
  readonly markdown?: string;
  readonly rows?: string;
  readonly quick: boolean;
  readonly install: boolean;
}

const options = new Command('npm run bench --')
  .description('Measures Cofferdam and its peers side by side, in turns, in one run.')
  .option('--json <file>', 'write the figures there as JSON')
  .option('--markdown <file>', 'write the table of docs/performance.md there')
  .option('--rows <pattern>', 'only rows whose id matches this regular expression')
  .option('--quick', 'a few samples: says that it works, not how fast', false)
  .option('--no-install', 'do not install peers that are not there')
  .addHelpText('after', () => `\nRows:\n${ROWS.map(({ id, what }) => `  ${id.padEnd(22)} ${what}`).join('\n')}`)
  .parse()
  .opts<Options>();

process.exitCode = await main(options);

/** 0: all was measured, whatever came out; 1: something went wrong; 2: no such row. Peers that are not there do no harm. */
async function main({ json, markdown, rows: pattern = '', quick, install }: Options): Promise<number> {
  const chosen = new RegExp(pattern);
  const rows = ROWS.filter(({ id }) => chosen.test(id));
  if (rows.length === 0) {
    console.error(`No row matches ${pattern}. There are: ${ROWS.map(({ id }) => id).join(', ')}.`);
    return 2;
  }
  if (install) installPeers();
  const { cpu, cores } = describeMachine();
  console.log(
    `${cpu}, ${cores} cores, Node ${process.versions.node}${quick ? ' — quick: these figures mean little' : ''}\n`,
  );
  using scene = new Scene();
  const results: Result[] = [];
  for (const row of rows) {
    const result = await runRow(row, scene, quick ? QUICK : THOROUGH);
    results.push(result);
    console.log(`${formatResult(result)}\n`);
  }
  if (json !== undefined) writeFileSync(json, `${JSON.stringify(toJson(results), null, 2)}\n`);
  if (markdown !== undefined) writeFileSync(markdown, `${toMarkdown(results)}\n`);
  console.log(summary(results));
  return results.some(({ outcomes }) => [...outcomes.values()].some(({ kind }) => kind === 'failed')) ? 1 : 0;
}

function summary(results: readonly Result[]): string {
  const verdicts = results.flatMap((result) =>
    verdictsOf(result).map((verdict) => ({ id: result.row.id, ...verdict })),
  );
  const missed = verdicts.filter(({ isMet }) => isMet === false).map(({ id, target }) => `\n  ${id}: ${target}`);
  const met = verdicts.filter(({ isMet }) => isMet).length;
  return `${met} of ${verdicts.length} targets met.${missed.length === 0 ? '' : ` Missed:${missed.join('')}`}`;
}
