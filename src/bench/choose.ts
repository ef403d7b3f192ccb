import type { Row } from './row.ts';
import { ROWS } from './rows.ts';
import type { Scale } from './scaling/scale.ts';
import { scalesUpTo } from './scaling/scales.ts';
import { type PeerChoice, selectRows } from './select.ts';

/** What the command line says of what to measure. */
interface Wanted {
  readonly rows: string;
  readonly peers: PeerChoice;
  readonly quick: boolean;
  readonly html?: string;
  readonly scaling?: boolean;
  readonly records: number;
  readonly list?: boolean;
}

/** Throws BENCH_ROWS. */
export function chooseRows({ rows: pattern, peers, ...wanted }: Wanted): {
  readonly rows: readonly Row[];
  readonly scales: readonly Scale[];
} {
  const scales = scalesUpTo(wanted.records);
  const growing = scales.map((scale): Row => ({ ...scale, sampling: 'batch', targets: [], subjects: {} }));
  const chosen = selectRows([...ROWS, ...growing], pattern, peers);
  const ids = new Set(chosen.map(({ id }) => id));
  const isWhole = wanted.html !== undefined && !wanted.quick;
  const withScales = wanted.scaling === true || wanted.list === true || isWhole || pattern.includes('scale');
  return {
    rows: chosen.filter(({ id }) => !scales.some((scale) => scale.id === id)),
    scales: withScales ? scales.filter(({ id }) => ids.has(id)) : [],
  };
}
