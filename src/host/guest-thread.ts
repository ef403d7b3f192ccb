import { once } from 'node:events';
import { type MessagePort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { MAX_LIST_BYTES } from '../abi/index.ts';
import { serve } from '../compartment/remote/child.ts';
import type { Mail, Mailbox } from '../compartment/remote/direct.ts';
import { frameBytesFor } from '../compartment/remote/frame.ts';
import { type SharedChannel, SharedTransport } from '../compartment/remote/shared-channel.ts';
import { interruptsOf, type WatchedThread } from '../compartment/watchdog.ts';
import { guestOf, makeGuest } from './guest.ts';
import type { GuestSource } from './guest-code.ts';

// What a thread of kind `worker` runs: it waits to be told what its guest is, and then does what the parent asks, until it is
// ended. Its event loop does not turn any more.

const { channel, watched, port } = workerData as { channel: SharedChannel; watched: WatchedThread; port: MessagePort };
const [source] = (await once(port, 'message')) as [GuestSource & { state: Uint8Array | null }];
const maxMessageBytes = Math.min(source.limits.messageBytes, MAX_LIST_BYTES);
const transport = new SharedTransport(channel, { side: 'child', maxBytes: frameBytesFor(maxMessageBytes) });
const [made] = await Promise.allSettled([makeGuest(source, source.state)]);
const mailbox: Mailbox = {
  bell: channel.bell,
  next: () => (receiveMessageOnPort(port)?.message as Mail | undefined) ?? null,
};
serve(transport, () => guestOf(made), interruptsOf(watched), mailbox);
