import type { DirectPeer } from './direct.ts';
import type { ParentTransport } from './transport.ts';

/** Somebody who serves one instance elsewhere (`child.ts`). */
export interface Peer {
  readonly transport: ParentTransport;
  /** Message of the first frame. */
  readonly start: Uint8Array;
  /** Where it is a thread that others can call directly. */
  readonly thread?: DirectPeer;
  /** Its code is ready: it has served an instance before, or is about to. */
  isStarted: boolean;
  /** Ends the peer now, whatever it does; a second time does nothing. */
  end(): void;
}

/** A fresh peer for one instance, which starts from `state`, if there is one. */
export type Launch = (state: Uint8Array | null) => Peer;

/** How long a peer is kept for the next instance at its label. */
const KEPT_MS = 2_000;
/** A label that fails again and again needs one; this bounds what many labels hold. */
const MAX_KEPT = 8;

interface Kept {
  readonly peer: Peer;
  readonly timer: NodeJS.Timeout;
}

/**
 * The peers of one compartment. One whose instance was stopped or trapped is as good as a new one, and is kept for a while: for
 * the next instance at the same label, and no other, so that nothing of one label can reach another through it.
 */
export class Peers {
  readonly #launch: Launch;
  readonly #kept = new Map<number, Kept>();

  constructor(launch: Launch) {
    this.#launch = launch;
  }

  /** `sharing` is the label's; null: nobody shares. */
  take(sharing: number | null, state: Uint8Array | null): Peer {
    const kept = sharing === null ? undefined : this.#kept.get(sharing);
    if (sharing === null || kept === undefined) return this.#launch(state);
    clearTimeout(kept.timer);
    this.#kept.delete(sharing);
    if (!kept.peer.transport.isPeerGone()) return kept.peer;
    this.end(kept.peer);
    return this.#launch(state);
  }

  /** It waits for something to do. */
  keep(sharing: number | null, peer: Peer): void {
    if (sharing === null || this.#kept.has(sharing) || this.#kept.size >= MAX_KEPT) {
      this.end(peer);
      return;
    }
    const drop = () => {
      this.#kept.delete(sharing);
      this.end(peer);
    };
    this.#kept.set(sharing, { peer, timer: setTimeout(drop, KEPT_MS).unref() });
  }

  end(peer: Peer): void {
    peer.end();
    peer.transport.close();
  }
}
