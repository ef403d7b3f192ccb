import { defineCase } from '../case.ts';
import { expect } from '../expect.ts';
import { acme, codeOf, EVERY } from '../lab.ts';
import { give, measurementOf, refusalOf, reliesOn, sealedBy, unsealed, VAULT, vaultArena } from './vault.ts';

/** Stands by, and gets the vault's secrets where a manifest lets it. */
const accomplice = {
  wit: 'world guest { import measurement: func() -> string; export steal: func() -> string; }',
  wat: `(module (import "$root" "measurement" (func $ask (param i32))) (memory (export "memory") 1)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
    (func (export "steal") (result i32) (call $ask (i32.const 16)) (i32.const 16)))`,
  clearance: EVERY,
};
const link = { from: 'accomplice', import: 'measurement', to: 'vault' };

export default defineCase({
  number: 47,
  name: 'policy-not-measured',
  group: 'Enclave',
  title: 'a manifest gives an enclave more than its measurement says',
  async attack({ make }) {
    const honest = await make(vaultArena());
    const measurements = { vault: await measurementOf(honest) };
    for (const more of [
      { clearance: { secrecy: ['customer:*', 'customer:acme'] } },
      { grants: ['customer:*-'] },
      { label: { secrecy: ['customer:acme'] } },
      { grants: ['customer:*-'], gates: { secret: { declassify: ['customer:*'] } } },
      { limits: { message: '2MiB' } },
      { instances: 'per-call' },
    ]) {
      expect(await reliesOn(await make(vaultArena(more)), { measurements })).toBe('EVIDENCE_MEASUREMENT');
    }
    const linked = { compartments: { ...vaultArena().compartments, accomplice }, links: [link] };
    expect(await reliesOn(await make(vaultArena({}, linked)), { measurements })).toBe('EVIDENCE_MEASUREMENT');

    // Nor while it runs: a grant is refused, and a link launches it anew.
    const grant = { by: 'desk', to: 'vault', privilege: 'customer:*-' };
    expect(await codeOf(() => honest.grant(grant))).toBe('ENCLAVE_GRANT');
    const launches = await reliesOn(honest, { measurements });
    if (typeof launches === 'string') throw new Error(launches);
    const [vault] = launches.values();
    if (vault) await give(honest, vault, { name: 'key', secret: 'hunter2' });
    const sealed = await sealedBy(honest, 'state', acme);
    const wider = await make(
      vaultArena({}, { compartments: { ...vaultArena().compartments, accomplice }, links: [link] }),
    );
    expect(await unsealed(wider, sealed, acme)).toBe(0);
    await honest.replace('vault', { grants: ['customer:*-'] });
    expect(await reliesOn(honest, { measurements })).toBe('EVIDENCE_MEASUREMENT');
    expect(await unsealed(honest, sealed, acme)).toBe(0);
    expect((await honest.call('vault.secret', ['key'], acme)).value).toBeUndefined();
    if (vault)
      expect(await codeOf(() => give(honest, vault, { name: 'key', secret: 'hunter2' }))).toBe('PROVISION_REFUSED');
  },
  async twin({ make }) {
    const others = (more: object) => ({
      compartments: { ...vaultArena().compartments, other: { ...VAULT, enclave: true, ...more } },
    });
    const host = await make(vaultArena({}, others({})));
    const measurements = { vault: await measurementOf(host) };
    const launches = await reliesOn(host, { measurements });
    if (typeof launches === 'string') throw new Error(launches);
    const [vault] = launches.values();
    if (vault) await give(host, vault, { name: 'key', secret: 'hunter2' });
    await host.replace('other', { grants: ['customer:*-'] }); // nothing to do with the vault
    expect(await refusalOf(host, { measurements })).toBeUndefined();
    expect((await host.call('vault.secret', ['key'], acme)).value).toEqual(new TextEncoder().encode('hunter2'));
    const changed = await make(vaultArena({}, others({ limits: { message: '2MiB' } })));
    expect(await refusalOf(changed, { measurements })).toBeUndefined();
  },
});
