import { expect, it } from 'vitest';
import { runTour } from '../examples/enclave/tour.ts';
import { makeFolder } from './arena.ts';

it('a keeper gets its secret, counts tries across a restart, and gets nothing once it is swapped', async () => {
  const lines = await runTour(makeFolder());
  expect(lines.map((line) => line.replace(/[0-9a-f]{16,}/g, '#'))).toEqual([
    'measured   keeper is #…',
    'without    refused: not-provisioned',
    'provided   the bank checked the evidence and sealed PIN and key to this launch',
    'wrong      2 tries left',
    'wrong      1 tries left',
    'old state  refused: state-refused',
    'no state   refused: state-refused',
    'restarted  refused: not-provisioned',
    'right      opened: the key of card 4711',
    'swapped    Nothing is released: the measurement is another: #.',
  ]);
});
