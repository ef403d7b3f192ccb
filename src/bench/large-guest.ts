/** Functions of the guest: with these its component has 14 kB, as the smallest that toolchains make. */
const FUNCTIONS = 44;

/** A guest of ordinary types and plain arithmetic, to be loaded; `probe` says that it runs. */
export function largeGuest(): { readonly wat: string; readonly wit: string } {
  const numbers = Array.from({ length: FUNCTIONS }, (_, i) => i);
  const wit = `package bench:large;

interface shapes {
  record point { x: s32, y: s32, name: string }
  variant shape { dot, disc(u32), path(list<point>) }
  enum colour { red, green, blue }
  flags style { bold, dashed }
${numbers.map((i) => `  draw${i}: func(shape: shape, colour: colour, style: style, at: option<point>) -> result<u32, string>;`).join('\n')}
}

world large {
  export shapes;
  export probe: func(n: u32) -> u32;
}
`;
  const parameters = Array.from({ length: 10 }, () => 'i32').join(' ');
  const wat = `(module
  (memory (export "memory") 2)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 65536))
  (func (export "probe") (param i32) (result i32) (i32.mul (local.get 0) (i32.const 3)))
${numbers.map((i) => draw(i, parameters)).join('\n')})`;
  return { wat, wit };
}

function draw(number: number, parameters: string): string {
  const steps = Array.from(
    { length: 10 },
    (_, step) =>
      `(local.set 0 (i32.xor (i32.mul (local.get 0) (i32.const ${number * 77 + step * 1009 + 3})) (local.get ${step % 9})))`,
  );
  return `  (func (export "bench:large/shapes#draw${number}") (param ${parameters}) (result i32)
    ${steps.join('\n    ')}
    (i32.store (i32.const 20) (local.get 0))
    (i32.const 16))`;
}
