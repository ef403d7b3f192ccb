import { deserialize } from 'node:v8';
import { MESSAGE_START } from '../abi/message.ts';
import { dropPermissions, openChildEnd } from '../compartment/process/child-end.ts';
import { serve } from '../compartment/remote/child.ts';
import { leaseInterrupts } from '../compartment/watchdog.ts';
import { guestOf, makeGuest } from './guest.ts';
import { type ProcessSource, sourceFrom } from './process-source.ts';

// What a process of kind `process` runs: it waits to be told what its guest is, and then does what the host asks, until one of
// them ends. Its event loop does not turn any more.

const transport = openChildEnd(process.argv.slice(2));
// Its guest is stopped from within, as in the host's own process.
const interrupts = leaseInterrupts().take();
dropPermissions();

const length = transport.receive();
const told = deserialize(transport.frame.subarray(MESSAGE_START, length)) as ProcessSource;
const [made] = await Promise.allSettled([makeGuest(sourceFrom(told), told.state)]);
transport.again(length);
serve(transport, () => guestOf(made), interrupts);
