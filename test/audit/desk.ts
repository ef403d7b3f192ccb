import type { EventInput } from '../../src/audit/events.ts';
import type { Journal } from '../../src/audit/journal.ts';
import { ACME, GLOBEX, PUBLIC } from './support.ts';

const SHA = 'ab'.repeat(32);

const start = (instance: string, compartment: string, label = PUBLIC): EventInput => ({
  kind: 'start',
  instance,
  compartment,
  label,
});

const call = (
  message: number,
  from: string,
  to: string,
  requestLabel = PUBLIC,
  instanceLabel = requestLabel,
): EventInput => ({
  kind: 'call',
  message,
  parent: null,
  edge: `${from} -> ${to}`,
  from,
  to,
  requestLabel,
  instanceLabel,
  export: 'run',
  bytes: 10 * message,
});

const reply = (message: number, from: string, to: string, label = PUBLIC): EventInput => ({
  kind: 'reply',
  message,
  from,
  to,
  label,
  bytes: message,
  outcome: 'ok',
});

const gate = (name: string, message: number, direction: 'request' | 'reply'): EventInput => ({
  kind: 'gate',
  gate: name,
  message,
  direction,
  requestLabel: ACME,
  before: ACME,
  after: PUBLIC,
  declassified: ['customer:acme'],
  endorsed: [],
  bytes: 10,
  calls: 1,
});

const write = (message: number, resource: string, instance: string, label = PUBLIC): EventInput => ({
  kind: 'write',
  message,
  resource,
  instance,
  label,
  bytes: message,
});

export const HOST_START: EventInput = {
  kind: 'host',
  phase: 'start',
  versions: { cofferdam: '0.1.0', node: '26.10.0' },
  manifestSha256: SHA,
};

/**
 * A support desk's day. acme's ticket goes to summarise#1, which is denied the webhook, and asks redact#2, whose reply is
 * released. count#3 tells notify#4 a number through a link's gate; notify#4 writes the webhook. A post carries acme's text
 * to archive#5. globex's ticket goes to summarise#6.
 */
export const DESK: readonly EventInput[] = [
  HOST_START,
  { kind: 'load', compartment: 'summarise', sha256: SHA },
  start('notify#4', 'notify'),
  call(1, 'host', 'notify#4'),
  write(2, 'webhook', 'notify#4'),
  reply(1, 'notify#4', 'host'),
  start('summarise#1', 'summarise', ACME),
  { kind: 'read', message: null, resource: 'tickets', instance: 'host', label: ACME, bytes: 500 },
  call(3, 'host', 'summarise#1', ACME),
  {
    ...call(4, 'summarise#1', 'webhook', ACME),
    kind: 'denied',
    targetLabel: PUBLIC,
    rule: 'write',
    condition: 'secrecy',
    tags: ['customer:acme'],
  } as EventInput,
  start('redact#2', 'redact', ACME),
  call(5, 'summarise#1', 'redact#2', ACME),
  gate('redact.redact', 5, 'reply'),
  reply(5, 'redact#2', 'summarise#1'),
  {
    kind: 'post',
    message: 6,
    parent: 3,
    edge: 'summarise -> archive',
    from: 'summarise#1',
    to: 'archive',
    requestLabel: ACME,
    export: 'keep',
    bytes: 60,
  },
  reply(3, 'summarise#1', 'host', ACME),
  start('archive#5', 'archive', ACME),
  { kind: 'deliver', message: 6, to: 'archive#5', label: ACME },
  write(7, 'store', 'archive#5', ACME),
  start('count#3', 'count', ACME),
  call(8, 'host', 'count#3', ACME),
  gate('count -> notify', 9, 'request'),
  call(9, 'count#3', 'notify#4'),
  write(10, 'webhook', 'notify#4'),
  { kind: 'output', instance: 'notify#4', stream: 'stderr', bytes: 5 },
  reply(9, 'notify#4', 'count#3'),
  reply(8, 'count#3', 'host', ACME),
  start('summarise#6', 'summarise', GLOBEX),
  call(11, 'host', 'summarise#6', GLOBEX),
  reply(11, 'summarise#6', 'host', GLOBEX),
  { kind: 'stop', instance: 'summarise#1', compartment: 'summarise', label: ACME },
  { kind: 'grant', from: 'desk', to: 'redact', privilege: 'customer:acme-', epoch: 2 },
];

export function record(journal: Journal, events: readonly EventInput[]): void {
  for (const event of events) journal.append(event);
}
