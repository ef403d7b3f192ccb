import type { Ceiling, LabelInput, LabelSpace } from '../label/index.ts';
import type { HostSession } from './held.ts';
import type { Messages } from './messages.ts';
import { Session } from './session.ts';

export interface SessionOptions {
  readonly clearance: Partial<Ceiling>;
  /** That it starts with. Default: public, vouched for by all that the clearance demands. */
  readonly label?: LabelInput;
}

/** A session as the program holds it. Throws SESSION_CLEARANCE for a label above the clearance. */
export function openSession(
  id: string,
  space: LabelSpace,
  messages: Messages,
  { clearance, label }: SessionOptions,
): HostSession {
  const ceiling = { secrecy: clearance.secrecy ?? [], integrity: clearance.integrity ?? [] };
  const start = label ? space.label(label) : space.label({ integrity: ceiling.integrity });
  const session = new Session(id, space, ceiling, start);
  const sender = { id, session };
  return {
    get label() {
      return session.label;
    },
    call: (target, args = [], options = {}) => messages.call(sender, target, args, options),
    post: async (target, args = [], options = {}) => messages.post(sender, target, args, options),
  };
}
