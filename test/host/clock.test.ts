import { describe, expect, it } from 'vitest';
import { EVERY, Lab, nobody } from '../../src/suite/lab.ts';

const reader = {
  wit: 'world guest { export now: func() -> u64; }',
  wat: `(module (import "wasi_snapshot_preview1" "clock_time_get" (func $time (param i32 i64 i32) (result i32)))
    (memory (export "memory") 1)
    (func (export "now") (result i64)
      (drop (call $time (i32.const 0) (i64.const 0) (i32.const 16))) (i64.load (i32.const 16))))`,
  wasi: 'minimal',
  clearance: EVERY,
};

describe.each(['inline', 'worker'] as const)('the clock of a guest of kind %s', (kind) => {
  it('coarse: is right, in whole milliseconds', async () => {
    await using lab = new Lab({ kind });
    const host = await lab.make({ compartments: { reader } });
    const before = Date.now();
    const { value } = await host.call<bigint>('reader.now', [], nobody);
    expect(value % 1_000_000n).toBe(0n);
    expect(value / 1_000_000n).toBeGreaterThanOrEqual(before);
    expect(value / 1_000_000n).toBeLessThanOrEqual(Date.now());
  });

  it('virtual: counts the looks of each instance, whatever the time is', async () => {
    await using lab = new Lab({ kind });
    const host = await lab.make({ compartments: { reader: { ...reader, clock: 'virtual' } } });
    const look = async (label: object) => (await host.call<bigint>('reader.now', [], { label })).value;
    expect([await look({}), await look({})]).toEqual([1_000_000n, 2_000_000n]);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect([await look({}), await look({ secrecy: ['customer:acme'] })]).toEqual([3_000_000n, 1_000_000n]);
  });
});
