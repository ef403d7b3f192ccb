import type { Comparison } from './compare.ts';
import { round } from './round.ts';

const WORDS = { slower: 'SLOWER', faster: 'faster', noise: 'within the noise', unknown: 'too few rounds' };

/** A comparison as people read it. */
export function formatComparison(comparison: Comparison): string {
  const { changes, drift, controls, warnings, onlyOld, onlyNew } = comparison;
  const lines = changes.map(
    ({ id, subject, ratio, low, high, verdict }) =>
      `  ${`${id} ${subject}`.padEnd(48)} ${`${round(ratio)} ×`.padStart(9)}  (${round(low)} to ${round(high)})  ${WORDS[verdict]}`,
  );
  const peers =
    controls === 0
      ? 'No peer is in both, so what the machine did meanwhile is not taken out.'
      : `The machine: ${controls} figures of unchanged peers took ${round(drift)} × as long, which is taken out.`;
  return [
    'Compared with the figures before (new by old, with its 95 % interval):',
    ...warnings.map((warning) => `  ! ${warning}`),
    `  ${peers}`,
    ...lines,
    ...onlyOld.map((key) => `  ${key}: not measured now`),
    ...onlyNew.map((key) => `  ${key}: new`),
    '',
  ].join('\n');
}

/** Is something of ours slower than noise explains? */
export function hasRegressed({ changes }: Comparison): boolean {
  return changes.some(({ subject, verdict }) => verdict === 'slower' && subject.startsWith('cofferdam'));
}
