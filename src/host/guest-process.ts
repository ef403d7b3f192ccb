import { deserialize } from 'node:v8';
import { MAX_LIST_BYTES } from '../abi/index.ts';
import { MESSAGE_START } from '../abi/message.ts';
import { dropPermissions, openChildEnd } from '../compartment/process/child-end.ts';
import { type Guest, serve } from '../compartment/remote/child.ts';
import { leaseInterrupts } from '../compartment/watchdog.ts';
import { makeGuestCode } from './guest-code.ts';
import type { ProcessSource } from './processes.ts';

// What a process of kind `process` runs: it waits to be told what its guest is, and then does what the host asks, until one of
// them ends. Its event loop does not turn any more.

const transport = openChildEnd(process.argv.slice(2));
// Its guest is stopped from within, as in the host's own process.
const interrupts = leaseInterrupts().take();
dropPermissions();

const length = transport.receive();
const { source, code } = deserialize(transport.frame.subarray(MESSAGE_START, length)) as ProcessSource;
const maxMessageBytes = Math.min(source.limits.messageBytes, MAX_LIST_BYTES);
const modules = code.map((bytes) => new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>));
const [made] = await Promise.allSettled([makeGuestCode({ ...source, modules })]);
transport.again(length);
const begin = (): Guest => {
  if (made.status === 'rejected') throw made.reason;
  const { value: code } = made;
  return { world: code.world, maxMessageBytes, instantiate: (host) => code.instantiate(host) };
};
serve(transport, begin, interrupts);
