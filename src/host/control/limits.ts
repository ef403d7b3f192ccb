/** Every bound of the control socket, with what it bounds and why this number. A peer may be hostile. */
export const CONTROL_LIMITS = {
  /** One request: the longest is `replace` with the path of a file. */
  maxRequestBytes: 16 * 1024,
  /** One answer, when it is read: the status of a host with 15,000 instances has some 3 MB. */
  maxAnswerBytes: 16 * 1024 * 1024,
  /** Connections at a time: a few people and a few that watch. */
  maxConnections: 16,
  /** Requests of one connection in a second. */
  maxRequestsPerSecond: 50,
  /** A connection on which no whole request comes for so long is closed. */
  requestMs: 10_000,
  /** An answer that nobody reads for so long is given up, and its connection with it. */
  readMs: 10_000,
  /** How long a host may take to answer; it may be stopping a compartment. */
  answerMs: 90_000,
  /** The most that `stop` waits. */
  graceMs: 60_000,
  /** A path of a socket: 104 bytes with its end where it is shortest (macOS), 108 on Linux. */
  maxPathBytes: 103,
} as const;
