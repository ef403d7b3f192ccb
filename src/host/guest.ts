import { MAX_LIST_BYTES } from '../abi/index.ts';
import type { Guest } from '../compartment/remote/child.ts';
import { type GuestSource, makeGuestCode } from './guest-code.ts';

/** A guest for the thread or process that this is; its instances start from `state`, if there is one. */
export async function makeGuest(source: GuestSource, state: Uint8Array | null): Promise<Guest> {
  const code = await makeGuestCode(source);
  const { world, start = null } = code;
  if (state !== null) start?.adopt(state);
  const maxMessageBytes = Math.min(source.limits.messageBytes, MAX_LIST_BYTES);
  return { world, maxMessageBytes, start, instantiate: (host) => code.instantiate(host) };
}

/** Throws why it could not be made. */
export function guestOf(made: PromiseSettledResult<Guest>): Guest {
  if (made.status === 'rejected') throw made.reason;
  return made.value;
}
