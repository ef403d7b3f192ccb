import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { measurementOf, vaultArena } from '../../src/suite/cases/vault.ts';
import { makeFolder, makeHost, manifestOf } from '../arena.ts';
import { cofferdam } from './support.ts';

const asker = {
  wit: 'world guest { import measurement: func() -> string; }',
  wat: `(module (import "$root" "measurement" (func (param i32))) (memory (export "memory") 1)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024)))`,
};

it('prints what a host launches, and says where a link demands something else', async () => {
  const arena = (measurement?: string) =>
    vaultArena(
      {},
      {
        compartments: { ...vaultArena().compartments, asker },
        links: [{ from: 'asker', import: 'measurement', to: 'vault', ...(measurement ? { measurement } : {}) }],
      },
    );
  const folder = makeFolder();
  const file = join(folder, 'cofferdam.json');
  const write = (measurement?: string) => writeFileSync(file, JSON.stringify(manifestOf(arena(measurement), folder)));
  write();
  const measured = await measurementOf(await makeHost(arena()));
  const { stdout, code } = await cofferdam(['measure', file, '--json']);
  const report = JSON.parse(stdout);
  expect([code, report.mismatches]).toEqual([0, []]);
  expect(report.compartments[0]).toEqual({ name: 'vault', measurement: measured, enclave: true, debug: false });
  write(measured); // the demand is no part of what it demands
  expect((await cofferdam(['measure', file])).code).toBe(0);
  expect((await cofferdam(['check', file])).code).toBe(0);
  await makeHost(arena(measured));
  write('0'.repeat(64));
  expect((await cofferdam(['measure', file])).code).toBe(1);
  const check = await cofferdam(['check', file]);
  expect([check.code, check.stderr]).toEqual([1, expect.stringContaining(measured)]);
  await expect(makeHost(arena('0'.repeat(64)))).rejects.toMatchObject({ code: 'LINK_MEASUREMENT' });
});
