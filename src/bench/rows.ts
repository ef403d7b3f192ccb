import type { Operation } from './operation.ts';
import type { MakeSubject, Row } from './row.ts';
import { REMOTE_ROWS } from './rows-remote.ts';
import {
  cofferdamCall,
  cofferdamHostScalar,
  cofferdamHostString,
  cofferdamInstance,
  preparedScalar,
  preparedString,
} from './subjects/cofferdam.ts';
import { rawHostScalar, rawHostString, rawInstance } from './subjects/cofferdam-raw.ts';
import { directAmong, directCall, directHostCall } from './subjects/direct-wasm.ts';
import { extismNoop, extismString } from './subjects/extism.ts';
import { callAmong, makeMany, memoryOfMany } from './subjects/instances.ts';
import { jcoComposed, jcoHostScalar, jcoHostString, jcoInstance, jcoLinked } from './subjects/jco.ts';
import { accept, sustain, verify } from './subjects/journal.ts';
import { thunkCall, thunkHostScalar, thunkHostString } from './subjects/js-thunk.ts';
import { canFlow } from './subjects/label.ts';
import { jcoLoadCached, jcoLoadCold, loadCached, loadCold } from './subjects/load.ts';
import { memoryCopy } from './subjects/memory-copy.ts';
import { sqliteInserts } from './subjects/sqlite.ts';
import { startCofferdam, startNode } from './subjects/start.ts';

const JCO_LINKED = ['jco-1.35-linked', 'jco-1.10-linked'];
const JCO = [...JCO_LINKED, 'jco-1.35-composed', 'jco-1.10-composed'];
/** Processes are slow: one sample of each subject in a round. */
const PROCESS = { unit: 'ms', sampling: 'each', samples: 1 } as const;

export const ROWS: readonly Row[] = [
  {
    id: 'call.scalar.inline',
    what: 'u32, u32 -> u32 between two inline compartments, checked and audited',
    unit: 'ns',
    sampling: 'batch',
    targets: [
      { times: 3.2, of: ['direct-wasm'] },
      { times: 1, of: ['js-thunk'] },
    ],
    subjects: {
      cofferdam: cofferdamCall('add'),
      'direct-wasm': directCall,
      'js-thunk': thunkCall,
      ...jcoCalls('add'),
    },
  },
  {
    id: 'call.string16.inline',
    what: 'string -> string, 16 bytes',
    unit: 'ns',
    sampling: 'batch',
    targets: [{ atMost: 35 }, { times: 1 / 10, of: JCO }, { times: 1 / 50, of: ['jco-1.10-linked'] }],
    subjects: { cofferdam: cofferdamCall('echo'), ...jcoCalls('echo') },
  },
  {
    id: 'call.list64k.inline',
    what: 'list<u8> -> list<u8>, 64 KiB both ways',
    unit: 'ns',
    sampling: 'batch',
    targets: [{ times: 1.15, of: ['memory-copy'] }],
    subjects: { cofferdam: cofferdamCall('bytes'), 'memory-copy': memoryCopy, ...jcoCalls('bytes') },
  },
  {
    id: 'call.record.inline',
    what: 'an order there and back: records, a list of them, a variant, an option, a result, six strings',
    unit: 'ns',
    sampling: 'batch',
    targets: [
      { times: 1 / 20, of: ['jco-1.10-linked'] },
      { times: 1, of: ['jco-1.10-linked'] },
    ],
    subjects: { cofferdam: cofferdamCall('place'), ...jcoCalls('place') },
  },
  {
    id: 'host.scalar',
    what: 'the host calls u32, u32 -> u32, checked and recorded',
    unit: 'ns',
    sampling: 'batch',
    targets: [{ atMost: 10 }],
    subjects: {
      cofferdam: preparedScalar,
      'cofferdam-async': cofferdamHostScalar,
      'cofferdam-raw': rawHostScalar,
      'direct-wasm': directHostCall,
      'js-thunk': thunkHostScalar,
      'jco-1.35-linked': jcoHostScalar('1.35'),
      'jco-1.10-linked': jcoHostScalar('1.10'),
      'extism-noop': extismNoop(),
    },
  },
  {
    id: 'host.string16',
    what: 'the host calls string -> string, 16 bytes, checked and recorded',
    unit: 'ns',
    sampling: 'batch',
    targets: [{ atMost: 150 }],
    subjects: {
      cofferdam: preparedString,
      'cofferdam-async': cofferdamHostString,
      'cofferdam-raw': rawHostString,
      'js-thunk': thunkHostString,
      'jco-1.35-linked': jcoHostString('1.35'),
      'jco-1.10-linked': jcoHostString('1.10'),
      extism: extismString(),
    },
  },
  ...REMOTE_ROWS,
  {
    id: 'instance.new',
    what: 'a new instance of a small component at a new label, and its first call',
    unit: 'us',
    sampling: 'each',
    samples: 60,
    targets: [{ atMost: 40 }],
    subjects: {
      cofferdam: cofferdamInstance,
      'cofferdam-raw': rawInstance,
      'jco-1.35-linked': jcoInstance('1.35'),
      'jco-1.10-linked': jcoInstance('1.10'),
    },
  },
  {
    id: 'instances.10000',
    what: 'u32, u32 -> u32 between the two of each of 5,000 live pairs by turns, a hundred calls at a time',
    unit: 'ns',
    sampling: 'batch',
    targets: [{ times: 1.25, of: ['cofferdam-1-pair'] }],
    subjects: {
      cofferdam: callAmong(5000),
      'cofferdam-100-pairs': callAmong(100),
      'cofferdam-1-pair': callAmong(1),
      'direct-wasm-1000-pairs': directAmong,
    },
  },
  {
    id: 'instances.10000.new',
    what: 'a new instance of a small component, on the way to 10,000 in one host',
    unit: 'us',
    sampling: 'each',
    samples: 1000,
    targets: [{ atMost: 40 }],
    subjects: { cofferdam: makeMany },
  },
  {
    id: 'instances.10000.memory',
    what: 'resident memory of one of 10,000 instances, and what the host keeps of it',
    unit: 'KiB',
    sampling: 'each',
    samples: 1,
    targets: [],
    subjects: { cofferdam: memoryOfMany },
  },
  {
    id: 'load.cold',
    what: 'load a component of 14 kB for the first time, in a fresh process',
    ...PROCESS,
    targets: [
      { subject: 'cofferdam-own-decoder', atMost: 60 },
      { times: 1, of: JCO_LINKED },
    ],
    subjects: {
      cofferdam: loadCold('both'),
      'cofferdam-own-decoder': loadCold('own'),
      'jco-1.35-linked': jcoLoadCold('1.35'),
      'jco-1.10-linked': jcoLoadCold('1.10'),
    },
  },
  {
    id: 'load.cached',
    what: 'load it again, in a fresh process',
    ...PROCESS,
    targets: [{ atMost: 3 }],
    subjects: {
      cofferdam: loadCached,
      'jco-1.35-linked': jcoLoadCached('1.35'),
      'jco-1.10-linked': jcoLoadCached('1.10'),
    },
  },
  {
    id: 'start.first-call',
    what: 'from starting Node to the first mediated call, and the end',
    ...PROCESS,
    targets: [{ times: 2, of: ['node'] }],
    subjects: {
      cofferdam: startCofferdam(true),
      'cofferdam-compiling': startCofferdam(false),
      node: startNode,
    },
  },
  {
    id: 'label.canflow',
    what: 'may one label flow to another, both met before',
    unit: 'ns',
    sampling: 'batch',
    targets: [],
    subjects: { cofferdam: canFlow },
  },
  {
    id: 'journal.accept',
    what: 'one record accepted into memory',
    unit: 'ns',
    sampling: 'batch',
    targets: [{ atMost: 100 }],
    subjects: { cofferdam: accept },
  },
  {
    id: 'journal.sustain',
    what: 'one record on disk, synced and chained by hash',
    unit: 'ns',
    sampling: 'batch',
    samples: 2,
    targets: [{ atMost: 500 }],
    subjects: { cofferdam: sustain, 'sqlite-inserts': sqliteInserts },
  },
  {
    id: 'journal.verify',
    what: 'one record verified',
    unit: 'ns',
    sampling: 'batch',
    samples: 2,
    targets: [{ atMost: 200 }],
    subjects: { cofferdam: verify },
  },
];

function jcoCalls(operation: Operation): Record<string, MakeSubject> {
  return {
    'jco-1.35-linked': jcoLinked('1.35', operation),
    'jco-1.35-composed': jcoComposed('1.35', operation),
    'jco-1.10-linked': jcoLinked('1.10', operation),
    'jco-1.10-composed': jcoComposed('1.10', operation),
  };
}
