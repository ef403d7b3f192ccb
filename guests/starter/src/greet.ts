// A guest to start from. Build, one folder up: npx asc src/greet.ts -O2 --exportRuntime -o greet.wasm

/** The class of list that `total` takes. */
export const Float64Array_ID = idof<Float64Array>();

export function greet(name: string): string {
  return "Hello, " + (name.length > 0 ? name : "whoever you are") + "!";
}

/** The sum of all numbers, to show how lists travel. */
export function total(numbers: Float64Array): f64 {
  let sum: f64 = 0;
  for (let i = 0; i < numbers.length; i++) sum += numbers[i];
  return sum;
}
