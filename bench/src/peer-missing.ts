/** A peer that is not installed: its cells stay empty, and say so. */
export class PeerMissing extends Error {}
