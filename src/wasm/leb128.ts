/** LEB128, as the binary format of Wasm writes its integers: appended to `bytes`. */
export function writeUnsigned(bytes: number[], value: number): void {
  let rest = value;
  while (rest > 0x7f) {
    bytes.push((rest & 0x7f) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  bytes.push(rest);
}

/** `value` is any integer of 64 bits, signed or unsigned: only the bits count. */
export function writeSigned(bytes: number[], value: bigint): void {
  let rest = BigInt.asIntN(64, value);
  for (;;) {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    const isLast = low < 0x40 ? rest === 0n : rest === -1n;
    bytes.push(isLast ? low : low | 0x80);
    if (isLast) return;
  }
}
