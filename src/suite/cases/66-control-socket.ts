import { chmodSync, lstatSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { ask } from '../../host/control/client.ts';
import type { Arena } from '../arena.ts';
import { defineCase } from '../case.ts';
import { expect } from '../expect.ts';
import { acme, codeOf, EVERY } from '../lab.ts';

const arena: Arena = {
  compartments: {
    worker: {
      wit: 'world guest { export work: func() -> u32; }',
      wat: '(module (memory (export "memory") 1) (func (export "work") (result i32) (i32.const 7)))',
      clearance: EVERY,
    },
  },
};

export default defineCase({
  number: 66,
  name: 'control-socket',
  group: 'System services',
  title: 'somebody lays a trap where the control socket is to be',
  async attack({ make, folder }) {
    const place = folder();
    const path = join(place, 'host.sock');
    const elsewhere = join(folder(), 'elsewhere.sock');
    symlinkSync(elsewhere, path);
    expect(await codeOf(() => make(arena, { control: path }))).toBe('CONTROL_PATH');
    expect(lstatSync(path).isSymbolicLink()).toBe(true);
    expect(lstatSync(elsewhere, { throwIfNoEntry: false })).toBe(undefined);
    // Others could put another socket in its place.
    chmodSync(place, 0o770);
    expect(await codeOf(() => make(arena, { control: join(place, 'other.sock') }))).toBe('CONTROL_PATH');
  },
  async twin({ make, folder }) {
    const path = join(folder(), 'host.sock');
    const host = await make(arena, { control: path });
    expect(lstatSync(path).mode & 0o777).toBe(0o600);
    await ask(path, { do: 'suspend', compartment: 'worker' });
    await ask(path, { do: 'resume', compartment: 'worker' });
    expect((await host.call('worker.work', [], acme)).value).toBe(7);
  },
});
