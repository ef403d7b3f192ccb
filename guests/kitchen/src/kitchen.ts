// Every type that an AssemblyScript guest can take and give, and each way to fail. For tests.

@external("test:kit/host", "double") declare function double(value: i32): i32;
@external("test:kit/host", "shout") declare function shout(text: string): string;
@external("test:kit/host", "words") declare function words(text: string): string[];

export const Uint8Array_ID = idof<Uint8Array>();
export const Float64Array_ID = idof<Float64Array>();
export const Int16Array_ID = idof<Array<i16>>();
export const Uint32Array_ID = idof<StaticArray<u32>>();
export const StringArray_ID = idof<Array<string>>();
/** Wrong on purpose. */
export const Int32Array_ID = idof<Float64Array>();

let kept: string = "";

export function echoText(text: string): string { return text; }
export function echoBytes(bytes: Uint8Array): Uint8Array { return bytes; }
export function echoDoubles(values: Float64Array): Float64Array { return values; }
export function echoShorts(values: i16[]): i16[] { return values; }
export function echoWords(values: StaticArray<u32>): StaticArray<u32> { return values; }
export function echoTexts(texts: string[]): string[] { return texts; }
export function wrongClass(values: Float64Array): i32 { return values.length; }
export function noClass(values: Int8Array): i32 { return values.length; }
export function scalars(a: bool, b: i8, c: u8, d: i16, e: u16, f: i32, g: u32, h: i64, i: u64, j: f32, k: f64): f64 {
  return (a ? 1 : 0) + f64(b) + f64(c) + f64(d) + f64(e) + f64(f) + f64(g) + f64(h) + f64(i) + f64(j) + k;
}
export function large(): u64 { return u64.MAX_VALUE; }
export function small(): u32 { return u32.MAX_VALUE; }
export function yes(): bool { return true; }
export function keep(text: string): string { const before = kept; kept = text; return before; }
export function callDouble(value: i32): i32 { return double(value) + 1; }
export function callShout(text: string): string { return "<" + shout(text) + ">"; }
export function callWords(text: string): i32 {
  const found = words(text);
  let letters = 0;
  for (let i = 0; i < found.length; i++) letters += found[i].length;
  return letters;
}
export function loneSurrogate(): string { return String.fromCharCode(0xd800); }
export function fail(text: string): void { throw new Error("no " + text); }
/** Enough garbage for the collector to run many times. */
export function churn(rounds: i32): i32 {
  let sum = 0;
  for (let i = 0; i < rounds; i++) sum += i.toString().repeat(50).length;
  return sum;
}
