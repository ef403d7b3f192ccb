/** An exponent and its 95 % interval. */
export interface Fit {
  readonly exponent: number;
  readonly low: number;
  readonly high: number;
}

/** Student's t at 97.5 %, by degrees of freedom from 1. */
const T = [12.71, 4.3, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23];

/** b of y = a * x^b by least squares of the logarithms. Needs three sizes. */
export function fitExponent(points: readonly (readonly [x: number, y: number])[]): Fit {
  if (points.length < 3) throw new Error(`${points.length} sizes are too few to fit an exponent`);
  const logs = points.map(([x, y]) => [Math.log(x), Math.log(y)] as const);
  const meanX = logs.reduce((sum, [x]) => sum + x, 0) / logs.length;
  const meanY = logs.reduce((sum, [, y]) => sum + y, 0) / logs.length;
  const spread = logs.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  const exponent = logs.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0) / spread;
  const rest = logs.reduce((sum, [x, y]) => sum + (y - meanY - exponent * (x - meanX)) ** 2, 0);
  const freedom = logs.length - 2;
  const margin = (T[freedom - 1] ?? 2) * Math.sqrt(rest / freedom / spread);
  return { exponent, low: exponent - margin, high: exponent + margin };
}
