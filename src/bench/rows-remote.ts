import { textsOf } from './operation.ts';
import { cannot } from './peer-missing.ts';
import type { Row } from './row.ts';
import { extismNoop, extismString } from './subjects/extism.ts';
import { comlink, forkMessages, postMessages, tinypool } from './subjects/messages.ts';
import { guestToRemote, preparedRemote } from './subjects/remote.ts';

const SAME_THREAD = cannot('runs components in the thread that calls');
const SAME_PROCESS = cannot('runs plugins in the process that calls');

/** Calls into compartments of other kinds. */
export const REMOTE_ROWS: readonly Row[] = [
  {
    id: 'call.scalar.worker',
    what: 'u32, u32 -> u32 of a compartment in a thread of its own, checked and recorded, awaited in place',
    unit: 'us',
    sampling: 'batch',
    targets: [{ atMost: 1 }],
    subjects: {
      cofferdam: preparedRemote('worker', 'add'),
      'cofferdam-guest': guestToRemote('worker'),
      'cofferdam-threads': guestToRemote('worker', 'worker'),
      postmessage: postMessages('add'),
      comlink: comlink('add'),
      tinypool: tinypool('add'),
      'extism-worker-noop': extismNoop(true),
      jco: SAME_THREAD,
    },
  },
  {
    id: 'call.1k.worker',
    what: 'string -> string, 1 KiB, of a compartment in a thread of its own',
    unit: 'us',
    sampling: 'batch',
    targets: [{ atMost: 2 }],
    subjects: {
      cofferdam: preparedRemote('worker', 1024),
      postmessage: postMessages(1024),
      comlink: comlink(1024),
      tinypool: tinypool(1024),
      'extism-worker': extismString(textsOf(1024), true),
      jco: SAME_THREAD,
    },
  },
  {
    id: 'call.scalar.process',
    what: 'u32, u32 -> u32 of a compartment in a process of its own, checked and recorded, awaited in place',
    unit: 'us',
    sampling: 'batch',
    targets: [{ atMost: 10 }],
    subjects: {
      cofferdam: preparedRemote('process', 'add'),
      'cofferdam-guest': guestToRemote('process'),
      'fork-ipc': forkMessages('add'),
      jco: SAME_THREAD,
      extism: SAME_PROCESS,
    },
  },
];
