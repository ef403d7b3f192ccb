import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Guests } from './guests.ts';
import { type Jco, type JcoVersion, loadJco } from './jco.ts';
import { Peers } from './peers.ts';
import { findPrograms, type Programs } from './programs.ts';

/** What subjects are made from: guests, peers, and a folder of its own for what they write. */
export class Scene implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'cofferdam-bench-'));
  readonly guests = new Guests();
  readonly peers: Peers;
  #programs: Promise<Programs> | null = null;
  readonly #jco = new Map<JcoVersion, Promise<Jco>>();

  constructor(peers: Peers = new Peers()) {
    this.peers = peers;
  }

  /** Throws PeerMissing. */
  jco(version: JcoVersion): Promise<Jco> {
    const known = this.#jco.get(version) ?? loadJco(version, this.peers, this.folder);
    this.#jco.set(version, known);
    return known;
  }

  /** Our own programs, as they are published. */
  programs(): Promise<Programs> {
    this.#programs ??= findPrograms(join(this.folder, 'programs'));
    return this.#programs;
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
