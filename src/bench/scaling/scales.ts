import { callAmong, callBeside } from '../subjects/instances.ts';
import { appendTo, verifyOf } from '../subjects/journal.ts';
import type { Scale } from './scale.ts';
import { callAtTags, callWithGrants, callWorkers, canFlowAtTags, chain, payload } from './subjects.ts';

const GROWING = [1, 4, 16, 64, 250, 1000];

/** `records`: up to so many in a journal. */
export function scalesUpTo(records: number): readonly Scale[] {
  const journals = Array.from({ length: 6 }, (_, i) => 10 ** (i + 3)).filter((size) => size <= records);
  return [
    {
      id: 'scale.instances',
      what: 'u32, u32 -> u32 between two compartments, beside so many live pairs of instances; visited: at each pair in turn, a hundred calls at a time',
      unit: 'ns',
      by: 'pairs',
      curves: {
        cofferdam: { sizes: [1, 10, 100, 1000, 5000], make: callBeside },
        'cofferdam-visited': { sizes: [1, 10, 100, 1000, 5000], make: callAmong },
      },
    },
    {
      id: 'scale.depth',
      what: 'a call that passes so many links, and its answer back',
      unit: 'ns',
      by: 'links',
      curves: { cofferdam: { sizes: [1, 2, 5, 10, 20, 50, 100], make: chain } },
    },
    {
      id: 'scale.payload',
      what: 'the host gives list<u8> of so many bytes to a guest, and gets it back',
      unit: 'us',
      by: 'bytes',
      curves: { cofferdam: { sizes: [16, 256, 4096, 65_536, 1_048_576, 16_777_216], make: payload } },
    },
    {
      id: 'scale.tags',
      what: 'a prepared call at a label of so many tags (a host takes 64); canflow: the question to the labels alone',
      unit: 'ns',
      by: 'tags',
      curves: {
        cofferdam: { sizes: [1, 2, 4, 8, 16, 32, 64], make: callAtTags },
        'cofferdam-canflow': { sizes: GROWING, make: canFlowAtTags },
      },
    },
    {
      id: 'scale.grants',
      what: 'a call of a compartment that holds so many privileges; async: decided at each call',
      unit: 'ns',
      by: 'grants',
      curves: {
        cofferdam: { sizes: [1, 4, 16, 64], make: (grants) => callWithGrants(grants, 'prepared') },
        'cofferdam-async': { sizes: [1, 4, 16, 64], make: (grants) => callWithGrants(grants, 'decided') },
      },
    },
    {
      id: 'scale.workers',
      what: 'so many compartments, each in a thread, asked all at once: the time of one call',
      unit: 'us',
      by: 'workers',
      curves: { cofferdam: { sizes: [1, 2, 4, 8], make: callWorkers } },
    },
    {
      id: 'scale.journal',
      what: 'one more record on disk, synced and chained, in a journal that holds so many; verify: one record of so many verified',
      unit: 'ns',
      by: 'records',
      samples: 1,
      curves: {
        cofferdam: { sizes: journals, make: appendTo },
        'cofferdam-verify': { sizes: journals, make: verifyOf },
      },
    },
  ];
}
