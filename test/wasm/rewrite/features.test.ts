import { describe, expect, it } from 'vitest';
import type { RewriteOptions } from '../../../src/wasm/rewrite/index.ts';
import { FEATURES, type Feature } from './features.ts';
import { rewritten, run } from './support.ts';

const MODES: Readonly<Record<string, Partial<RewriteOptions>>> = {
  interruptible: {},
  'with fuel of its own': { fuel: 'own' },
  'with shared fuel': { fuel: 'shared' },
  'for snapshots': { interrupt: false, snapshot: true },
  'with everything': { fuel: 'own', snapshot: true },
  'with everything shared': { fuel: 'shared', snapshot: true },
};

/** What each call gives, or the message of its trap. */
function results({ calls }: Feature, exports: WebAssembly.Instance['exports']): unknown[] {
  return calls.map(([name, ...args]) => {
    try {
      return (exports[name] as (...args: unknown[]) => unknown)(...args);
    } catch (error) {
      return String(error);
    }
  });
}

function unchanged(feature: Feature): unknown[] {
  const module = new WebAssembly.Module(feature.module());
  return results(feature, new WebAssembly.Instance(module, feature.imports?.() ?? {}).exports);
}

describe.each(Object.entries(MODES))('%s', (_, options) => {
  it.each(FEATURES)('runs as before: $name', (feature) => {
    const expected = unchanged(feature);
    const guest = run(rewritten(feature.module(), options), feature.imports?.());
    expect(results(feature, guest.exports)).toEqual(expected);
  });

  it.each(FEATURES)('keeps imports and exports: $name', (feature) => {
    const names = (bytes: Uint8Array) => {
      const module = new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>);
      const isTheirs = (name: string) => !name.startsWith('cofferdam:');
      return {
        imports: WebAssembly.Module.imports(module).filter(({ module }) => isTheirs(module)),
        exports: WebAssembly.Module.exports(module).filter(({ name }) => isTheirs(name)),
      };
    };
    expect(names(rewritten(feature.module(), options).bytes)).toEqual(names(feature.module()));
  });
});
