import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { makeInlineCode } from '../../src/compartment/inline.ts';
import { planComponent } from '../../src/wasm/index.ts';
import { transpile } from './differential.ts';
import { hostOf } from './forwarder.ts';
import { compareRuntimes } from './three-runtimes.ts';

it('values of random types come through lifted and lowered, fused, and in jco', async () => {
  const { found, types } = await compareRuntimes({ types: 200, values: 5, seed: 7 });
  expect(found).toEqual([]);
  expect(types).toMatchObject({ 'lifted and lowered': 200, fused: 200 });
  expect(types.jco).toBeGreaterThan(190);
});

it('a real component, with its callbacks, does as it does in jco', async () => {
  const bytes = readFileSync('node_modules/@arcjet/redact-wasm/wasm/arcjet_analyze_bindings_redact.component.wasm');
  const detect = (tokens: string[]) =>
    tokens.map((token) => (token.length === 5 ? { tag: 'custom', val: token } : undefined));
  const redact = (type: { tag: string }, text: string) => (type.tag === 'email' ? `${text.length} letters` : undefined);
  const callbacks = [detect, redact] as unknown as readonly ((...args: readonly unknown[]) => unknown)[];
  const code = await makeInlineCode({
    plan: planComponent(bytes),
    bytes,
    sha256: '',
    limits: { messageBytes: 1 << 20 },
  });
  const here = code.instantiate(hostOf((index, args) => callbacks[index]?.(...args)));
  const jco = (await transpile(bytes))({
    'arcjet:redact/custom-redact': { detectSensitiveInfo: detect, redactSensitiveInfo: redact },
  });
  const texts = [
    '',
    'plain words',
    'me@example.com and +1 555 123 4567',
    'ünïcode ☃ 10.0.0.1, 4111 1111 1111 1111',
    'a '.repeat(500),
  ];
  for (const text of texts) {
    for (const entities of [undefined, [{ tag: 'email' }, { tag: 'custom', val: 'x' }]]) {
      for (const flag of [true, false]) {
        const options = {
          entities,
          contextWindowSize: flag ? 3 : undefined,
          skipCustomDetect: flag,
          skipCustomRedact: !flag,
        };
        expect(here.call(0, [text, options])).toEqual(jco.redact?.(text, options));
      }
    }
  }
});
