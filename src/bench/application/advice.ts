import { round } from '../round.ts';
import { FUSED } from './edges.ts';
import type { EdgeCost } from './measure.ts';

interface Advice {
  readonly edge: string;
  readonly text: string;
}

/** Below this part of a call, the crossing is not what to look at. */
const MUCH = 0.5;
/** Below this many nanoseconds there is nothing to win. */
const LITTLE_NS = 20;

/** What would make an edge cheaper, with what was measured for it. */
export function adviceFor({ edge: { edge, crossing: how, javaScript }, measured, inside, inline }: EdgeCost): Advice[] {
  if (measured === null) return [];
  const advice: string[] = [];
  if (inline !== null && inline.p50 * 1.2 < measured.p50) {
    const times = round(measured.p50 / inline.p50);
    advice.push(
      `inline it took ${time(inline.p50)} instead of ${time(measured.p50)} (${times} times faster), if a thread or process of its own is not what it needs`,
    );
  }
  // From guest to guest in generated Wasm there is next to nothing to save, whatever the program's own call costs.
  const crossing = inside === null || how === FUSED ? 0 : measured.p50 - inside.p50;
  if (inside !== null && crossing > LITTLE_NS && crossing / measured.p50 > MUCH) {
    advice.push(
      `${Math.round((crossing / measured.p50) * 100)} % of a call is crossing (${time(crossing)} of ${time(measured.p50)}): ten items in one call would cost ${time(inside.p50 + crossing / 10)} each`,
    );
  }
  if (javaScript !== null) advice.push(`it is crossed in JavaScript, not in generated Wasm: ${javaScript}`);
  return advice.map((text) => ({ edge, text }));
}

function time(nanoseconds: number): string {
  const [per, sign] = nanoseconds >= 1e6 ? [1e6, 'ms'] : nanoseconds >= 1e3 ? [1e3, 'µs'] : [1, 'ns'];
  return `${round(nanoseconds / per)} ${sign}`;
}
