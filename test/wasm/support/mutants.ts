/** A small generator of pseudo-random numbers, so that every run makes the same mutants (mulberry32). */
export function makeRandom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

const TELLING_BYTES = [
  0x00, 0x01, 0x02, 0x03, 0x0b, 0x40, 0x41, 0x42, 0x60, 0x68, 0x69, 0x70, 0x73, 0x7e, 0x7f, 0x80, 0xff,
];

/**
 * One mutant: one to three small changes. `places` are the offsets that may change; most of a real component is code,
 * where changes tell nothing about us.
 */
export function mutate(bytes: Uint8Array, places: readonly number[], random: (below: number) => number): Uint8Array {
  let mutant: Uint8Array = Uint8Array.from(bytes);
  for (let changes = 1 + random(3); changes > 0; changes--) mutant = change(mutant, places, random);
  return mutant;
}

function change(bytes: Uint8Array, places: readonly number[], random: (below: number) => number): Uint8Array {
  if (bytes.length === 0) return bytes;
  const at = Math.min(places[random(places.length)] ?? 0, bytes.length - 1);
  const old = bytes[at] ?? 0;
  const set = (value: number) => bytes.with(at, value);
  switch (random(10)) {
    case 0:
    case 1:
      return set(old ^ (1 << random(8)));
    case 2:
      return set(TELLING_BYTES[random(TELLING_BYTES.length)] ?? 0);
    case 3:
    case 4:
      return set(old + 1);
    case 5:
    case 6:
      return set(old - 1);
    case 7:
      return set(bytes[places[random(places.length)] ?? 0] ?? 0);
    case 8:
      return Uint8Array.from([...bytes.subarray(0, at), random(256), ...bytes.subarray(at)]);
    default:
      return random(4) === 0
        ? bytes.slice(0, at)
        : Uint8Array.from([...bytes.subarray(0, at), ...bytes.subarray(at + 1)]);
  }
}
