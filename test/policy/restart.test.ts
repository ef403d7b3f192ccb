import { describe, expect, it } from 'vitest';
import { isCofferdamError } from '../../src/error.ts';
import { parseManifest } from '../../src/policy/index.ts';

const a = (entry: object) => parseManifest({ version: 1, compartments: { a: { wasm: './a.wasm', ...entry } } });
const resolved = (entry: object) => {
  const { restart, instances } = a(entry).compartments.get('a') ?? {};
  return { restart, instances };
};
const DEFAULT = { policy: 'restart', backoffMs: 0, ceiling: { amount: 100, perMs: 60_000 } };

function codeOf(entry: object): string {
  try {
    a(entry);
    return 'accepted';
  } catch (error) {
    if (isCofferdamError(error)) return error.code;
    throw error;
  }
}

describe('restart', () => {
  it('is bounded even where nothing is said', () => {
    expect(resolved({})).toEqual({ restart: DEFAULT, instances: 'per-label' });
    expect(resolved({ restart: 'restart' })).toEqual(resolved({}));
  });

  it('fails for good', () => {
    expect(resolved({ restart: 'fail' }).restart?.policy).toBe('fail');
    expect(resolved({ restart: 'fail', instances: 'per-call' }).instances).toBe('per-call');
  });

  it('has one meaning with `instances`, and is said once', () => {
    expect(resolved({ restart: 'fresh-per-call' })).toEqual(resolved({ instances: 'per-call' }));
    expect(codeOf({ restart: 'fresh-per-call', instances: 'per-label' })).toBe('MANIFEST_CONFLICT');
    expect(codeOf({ restart: 'fresh-per-call', instances: 'per-call' })).toBe('MANIFEST_CONFLICT');
  });

  it('takes numbers', () => {
    const numbers = { policy: 'restart', backoff: '2s', ceiling: '3/h' };
    const restart = { policy: 'restart', backoffMs: 2_000, ceiling: { amount: 3, perMs: 3_600_000 } };
    expect(resolved({ restart: numbers }).restart).toEqual(restart);
    expect(resolved({ restart: { policy: 'restart' } }).restart).toEqual(DEFAULT);
  });

  it.each([
    ['1ms', 'accepted'],
    ['60s', 'accepted'],
    ['61s', 'MANIFEST_CONFLICT'],
    ['60min', 'MANIFEST_CONFLICT'],
    ['61min', 'MANIFEST_VALUE'],
    ['0ms', 'MANIFEST_VALUE'],
    ['1', 'MANIFEST_VALUE'],
    ['1.5s', 'MANIFEST_VALUE'],
    ['9999999999ms', 'MANIFEST_VALUE'],
  ])('waits %s: %s', (backoff, code) => {
    expect(codeOf({ restart: { policy: 'restart', backoff } })).toBe(code);
  });

  it.each([
    ['1/s', 'accepted'],
    ['1000/day', 'accepted'],
    ['1001/day', 'MANIFEST_VALUE'],
    ['0/s', 'MANIFEST_VALUE'],
    ['10', 'MANIFEST_VALUE'],
  ])('takes %s failures: %s', (ceiling, code) => {
    expect(codeOf({ restart: { policy: 'restart', ceiling } })).toBe(code);
  });

  it.each([
    ['another word', 'always'],
    ['numbers where they mean nothing', { policy: 'fail' }],
    ['no policy', { backoff: '1s' }],
    ['an unknown key', { policy: 'restart', delay: '1s' }],
  ])('refuses %s', (_, restart) => {
    expect(codeOf({ restart })).toMatch(/^MANIFEST_(VALUE|TYPE|MISSING_KEY|UNKNOWN_KEY)$/);
  });
});
