import { once } from 'node:events';
import { type MessagePort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { MAX_LIST_BYTES } from '../abi/index.ts';
import { type Guest, serve } from '../compartment/remote/child.ts';
import type { Mail, Mailbox } from '../compartment/remote/direct.ts';
import { frameBytesFor } from '../compartment/remote/frame.ts';
import { type SharedChannel, SharedTransport } from '../compartment/remote/shared-channel.ts';
import { interruptsOf, type WatchedThread } from '../compartment/watchdog.ts';
import { type GuestSource, makeGuestCode } from './guest-code.ts';

// What a thread of kind `worker` runs: it waits to be told what its guest is, and then does what the parent asks, until it is
// ended. Its event loop does not turn any more.

const { channel, watched, port } = workerData as { channel: SharedChannel; watched: WatchedThread; port: MessagePort };
const [source] = (await once(port, 'message')) as [GuestSource];
const maxMessageBytes = Math.min(source.limits.messageBytes, MAX_LIST_BYTES);
const transport = new SharedTransport(channel, { side: 'child', maxBytes: frameBytesFor(maxMessageBytes) });
const making = await Promise.allSettled([makeGuestCode(source)]);
const begin = (): Guest => {
  const [made] = making;
  if (made.status === 'rejected') throw made.reason;
  const { value: code } = made;
  return { world: code.world, maxMessageBytes, instantiate: (host) => code.instantiate(host) };
};
const mailbox: Mailbox = {
  bell: channel.bell,
  next: () => (receiveMessageOnPort(port)?.message as Mail | undefined) ?? null,
};
serve(transport, begin, interruptsOf(watched), mailbox);
