import { describe, expect, it } from 'vitest';
import { sealTo, verifyEvidence } from '../../src/index.ts';
import { NONCE, vaultArena } from '../../src/suite/cases/vault.ts';
import { codeOf, makeHost } from '../arena.ts';

const acme = { label: { secrecy: ['customer:acme'] } };
const globex = { label: { secrecy: ['customer:globex'] } };
const nobody = { label: {} };
const bytes = (text: string) => new TextEncoder().encode(text);

describe('an enclave', () => {
  it('gives evidence that its measurement is its own, and gets a secret by it', async () => {
    const host = await makeHost(vaultArena());
    const { value: measurement } = await host.call<string>('vault.measurement', [], nobody);
    expect(measurement).toMatch(/^[0-9a-f]{64}$/);
    const evidence = await host.evidence({ nonce: NONCE });
    const verified = await verifyEvidence(evidence, {
      key: host.attestationKey(),
      nonce: NONCE,
      measurements: { vault: measurement },
    });
    expect(verified).toMatchObject({ origin: 'host', node: process.versions.node });
    const target = verified.compartments.get('vault');
    if (!target) throw new Error('no vault');
    await host.provision('vault', await sealTo(target, { name: 'key', secret: 'hunter2', label: acme.label }));
    const { value, label } = await host.call<Uint8Array>('vault.secret', ['key'], acme);
    expect([new TextDecoder().decode(value), label.secrecy]).toEqual(['hunter2', ['customer:acme']]);
    for (const options of [globex, nobody]) {
      expect((await host.call('vault.secret', ['key'], options)).value).toBeUndefined();
    }
    expect((await host.call('vault.secret', ['other'], acme)).value).toBeUndefined();
  });

  it('unseals what it sealed, at the same label and above, once the latest', async () => {
    const host = await makeHost(vaultArena());
    const seal = async (text: string, options: object) =>
      (await host.call<Uint8Array>('vault.seal', [bytes(text)], options)).value;
    const unseal = (sealed: Uint8Array, options: object) =>
      host.call<Uint8Array>('vault.unseal', [sealed], options).then(
        ({ value }) => new TextDecoder().decode(value),
        ({ details }) => details.payload,
      );
    const first = await seal('one', acme);
    expect(await unseal(first, acme)).toBe('one');
    expect(await unseal(first, globex)).toBe(1);
    const open = await seal('open', nobody);
    expect(await unseal(open, acme)).toBe('open');
    expect(await unseal(first, nobody)).toBe(1);
    const second = await seal('two', acme);
    expect([await unseal(first, acme), await unseal(second, acme)]).toEqual([2, 'two']);
    expect(await unseal(open, nobody)).toBe('open'); // counted for each label
    second[second.length - 1] = (second.at(-1) ?? 0) ^ 1;
    expect(await unseal(second, acme)).toBe(0);
  });

  it('is asked for evidence by the guest itself, which says so', async () => {
    const host = await makeHost(vaultArena());
    const { value } = await host.call<string>('vault.evidence', [NONCE], nobody);
    const { value: measurement } = await host.call<string>('vault.measurement', [], nobody);
    const expected = { key: host.attestationKey(), nonce: NONCE, measurements: { vault: measurement } };
    expect((await verifyEvidence(value, expected)).origin).toBe('guest');
    expect((await host.call('vault.evidence', ['short'], nobody)).value).toBeUndefined();
  });

  it('and nothing else is asked for evidence or given secrets', async () => {
    const host = await makeHost(vaultArena());
    expect(await codeOf(() => host.evidence({ nonce: NONCE, compartments: ['other'] }))).toBe('ENCLAVE_UNKNOWN');
    expect(await codeOf(() => host.provision('other', ''))).toBe('ENCLAVE_UNKNOWN');
    expect(await codeOf(() => host.evidence({ nonce: 'short' }))).toBe('EVIDENCE_NONCE');
    expect(await codeOf(() => makeHost(vaultArena({ enclave: undefined })))).toBe('LINK_MISSING');
  });
});
