/** Every bound of the journal, with what it bounds and why this default. */

/**
 * When ordinary events go to disk: at whichever of the three comes first. This is the bound of what a crash of the process
 * can lose of ordinary events; durable ones are never lost.
 */
export const BATCH_LIMITS = {
  /** Events in one batch. 4,096 make one hash and one insert cost under a tenth of the encoding. */
  maxEvents: 4096,
  /** Age of the oldest event that is only in memory. The timer needs the event loop, so an append looks at it, too. */
  maxDelayMs: 100,
  /** Encoded bytes: a batch of 4,096 calls takes about 100 KiB; more means many new names. */
  maxBytes: 256 * 1024,
} as const;

export const LIMITS = {
  /** Characters of one name (tag, instance, edge, …). A longer one is refused: a cut name would name another thing. */
  maxNameChars: 4096,
  /** Characters of free text (a trap's detail). Longer text is cut, since guests can influence it. */
  maxTextChars: 2048,
  /** Entries of one list (tags of a label). Above what a label may hold. */
  maxListEntries: 4096,
  /** Encoded bytes of one batch when it is read: what a hostile file can make a reader allocate. */
  maxPayloadBytes: 64 * 1024 * 1024,
  /** Numbers of ports: 31 bits, without the last one, which marks no record in the ring of a broker. */
  maxPortNumber: 0x7fff_fffe,
  /** Ports that a journal's writer keeps in mind at a time: a host runs some 16,000 instances with a few bound imports each. */
  maxPorts: 262_144,
  /** Records of one `crossings` event: twice the ring of a broker. */
  maxCrossingsBytes: 1024 * 1024,
  /** Size of a journal kept in memory, whose owner gave no other. */
  maxMemoryBytes: 256 * 1024 * 1024,
  /** A head file is one line of about 100 bytes. */
  maxHeadFileBytes: 512,
  /** Nodes and edges of a trace, unless its query says otherwise: more than people read. */
  maxTraceNodes: 10_000,
  maxTraceEdges: 50_000,
  /** Holders of data that a trace keeps in mind, about 100 bytes each. */
  maxTraceCarriers: 2_000_000,
  /** Problems that one verification lists; it goes on counting events. */
  maxProblems: 100,
} as const;
