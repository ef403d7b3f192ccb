import { describe, expect, it } from 'vitest';
import type { Host, HostOptions } from '../../src/index.ts';
import { type Arena, makeHost } from '../arena.ts';

export type MakeHost = (arena: Arena, options?: HostOptions) => Promise<Host>;

/**
 * An attack, and its allowed twin: the same shape, permitted by the policy. The twin must succeed, or a host that denies
 * everything would pass; so it is also run on such a host, where it must fail.
 */
export function attack(name: string, { stopped, twin }: Record<'stopped' | 'twin', (make: MakeHost) => Promise<void>>) {
  describe(name, () => {
    it('is stopped', () => stopped(makeHost));
    it('has an allowed twin', () => twin(makeHost));
    it('would fail its twin if nothing were allowed', async () => {
      await expect(twin((arena, options) => makeHost({ ...arena, entries: [] }, options))).rejects.toThrow();
    });
  });
}

export const EVERY = { secrecy: ['customer:*'] };
export const acme = { label: { secrecy: ['customer:acme'] } };
export const globex = { label: { secrecy: ['customer:globex'] } };
export const nobody = { label: {} };

/** A resource of the program that keeps what it gets. */
export function makeSink() {
  const got: unknown[] = [];
  return { got, resources: { sink: (value: unknown) => void got.push(value) } };
}
