import type { Figures } from '../figures.ts';
import { round } from '../round.ts';

/** An application's edges as people read them. */
export function formatApplication(application: NonNullable<Figures['application']>): string {
  const { manifest, edges, crossingShare, advice } = application;
  const lines = edges.map(({ edge, crossing, measured, inside, reason }) => {
    const cost =
      measured === null
        ? `not measured: ${reason ?? ''}`
        : `p50 ${nanoseconds(measured.p50)}, p99 ${nanoseconds(measured.p99)}${inside === null ? '' : `, inside ${nanoseconds(inside)}`}`;
    return `  ${edge}\n      ${crossing}; ${cost}`;
  });
  const share =
    crossingShare === null
      ? ''
      : `\nOf the time of these calls, ${Math.round(crossingShare * 100)} % went into crossing.\n`;
  const tips = advice.map(({ edge, text }) => `  ${edge}\n      ${text}`);
  return `${manifest}: its edges, each called by the program with small arguments (what guests reach\nthrough generated Wasm costs them less); resources are stand-ins that do nothing\n${lines.join('\n')}\n${share}${tips.length === 0 ? '' : `\nWhat would make it cheaper:\n${tips.join('\n')}\n`}`;
}

function nanoseconds(value: number): string {
  return `${round(value)} ns`;
}
