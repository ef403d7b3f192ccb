/** What was sent, and what was seen of it. */
export interface Sample {
  readonly bit: 0 | 1;
  readonly seen: number;
}

/** Bits per symbol, and the ends of its 95 % interval. */
export interface Capacity {
  readonly estimate: number;
  readonly low: number;
  readonly high: number;
}

/** Of the normal distribution, for 95 %. */
const Z = 1.96;

/**
 * Capacity of the channel that the samples went through: the first half teaches a threshold, the second half is read by it, and
 * the share read wrongly, with its interval (Wilson), is taken for the error of a binary symmetric channel: 1 - H(p).
 */
export function capacityOf(samples: readonly Sample[]): Capacity {
  const half = Math.floor(samples.length / 2);
  const read = readerFrom(samples.slice(0, half));
  const rest = samples.slice(half);
  const wrong = rest.filter(({ bit, seen }) => read(seen) !== bit).length;
  const [low, high] = wilson(wrong, rest.length);
  return { estimate: bitsAt(wrong / rest.length), low: bitsAt(high), high: bitsAt(low) };
}

/** The threshold, and the side of it that means 1, by which most of the samples are read rightly. */
function readerFrom(samples: readonly Sample[]): (seen: number) => 0 | 1 {
  const sorted = [...samples].sort((a, b) => a.seen - b.seen);
  const ones = samples.filter(({ bit }) => bit === 1).length;
  // Reading everything below the threshold as 0: right are the zeros below and the ones above it.
  let right = ones;
  let best = {
    right: Math.max(ones, samples.length - ones),
    above: Number.NEGATIVE_INFINITY,
    one: ones * 2 >= samples.length,
  };
  for (const [i, { bit, seen }] of sorted.entries()) {
    right += bit === 0 ? 1 : -1;
    if (sorted[i + 1]?.seen === seen) continue;
    const isOneAbove = right >= samples.length - right;
    const most = Math.max(right, samples.length - right);
    if (most > best.right) best = { right: most, above: seen, one: isOneAbove };
  }
  return (seen) => (seen > best.above === best.one ? 1 : 0);
}

/** Interval of a proportion. Source: E. B. Wilson, 1927. */
export function wilson(count: number, of: number): readonly [number, number] {
  const p = count / of;
  const middle = p + (Z * Z) / (2 * of);
  const width = Z * Math.sqrt((p * (1 - p)) / of + (Z * Z) / (4 * of * of));
  const scale = 1 + (Z * Z) / of;
  return [Math.max(0, (middle - width) / scale), Math.min(1, (middle + width) / scale)];
}

/** 1 - H(p); nothing for a reader that does no better than to guess. */
function bitsAt(error: number): number {
  if (error >= 0.5) return 0;
  if (error <= 0) return 1;
  return 1 + error * Math.log2(error) + (1 - error) * Math.log2(1 - error);
}
