import { isDeepStrictEqual } from 'node:util';
import { expect, it } from 'vitest';
import { differences } from './differential.ts';

it('random types and values come through as they do in jco', async () => {
  expect(await differences(isDeepStrictEqual, { types: 60, values: 5, seed: 7 })).toEqual([]);
});
