/** A peer that is not installed: its cells stay empty, and say so. */
export class PeerMissing extends Error {}

/** What a peer has no means for, whatever is installed: shown as such. */
export class PeerCannot extends Error {}

export function cannot(reason: string): () => Promise<never> {
  return async () => {
    throw new PeerCannot(reason);
  };
}
