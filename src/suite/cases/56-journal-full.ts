import { mkdirSync, rmdirSync } from 'node:fs';
import { verifyJournal } from '../../index.ts';
import { defineCase } from '../case.ts';
import { expect } from '../expect.ts';
import { acme, codeOf, makeSink, nobody } from '../lab.ts';
import { releases } from './journals.ts';

export default defineCase({
  number: 56,
  name: 'journal-full',
  group: 'Audit',
  title: 'what cannot be recorded is delivered',
  async attack({ make }) {
    const { got, resources } = makeSink();
    const host = await make(releases(), { resources });
    const path = host.journalPath ?? '';
    await host.call('gate.send', [1], acme);
    // Where the journal's head is to be written, nothing can be written any more.
    mkdirSync(`${path}.head.new`);
    expect(await codeOf(() => host.call('gate.send', [2], acme))).toBe('AUDIT_WRITE');
    rmdirSync(`${path}.head.new`);
    // Nor does it go on as if nothing had happened once there is room again.
    expect(await codeOf(() => host.call('gate.send', [3], acme))).toBe('AUDIT_WRITE');
    expect(await codeOf(() => host.grant({ by: 'desk', to: 'gate', privilege: 'customer:*-' }))).toBe('AUDIT_WRITE');
    expect(got).toEqual([1]);
    await host.close().catch(() => undefined);
    expect(verifyJournal(path).ok).toBe(true);
  },
  async twin({ make }) {
    const { got, resources } = makeSink();
    const host = await make(releases(), { resources });
    for (const n of [1, 2]) await host.call('gate.send', [n], acme);
    await host.call('gate.send', [3], nobody);
    expect(got).toEqual([1, 2, 3]);
  },
});
