import type { AuditPolicy, CompartmentLimits, CompartmentPolicy, HostLimits } from './policy.ts';

/*
 * Every default of a manifest, in one place. What gives reach defaults to nothing (rule 9); what bounds defaults to a
 * number that ordinary guests fit in and that a hostile one cannot hurt the host with.
 */

/** What a compartment is when its entry says only `wasm`. */
export const COMPARTMENT_DEFAULTS = Object.freeze({
  /** A component carries its own types, so nothing else need be said. */
  abi: 'component',
  /** No clock, no output, no randomness: a guest that needs them says so. */
  wasi: 'none',
  /** Programs that print the time print the right one; who fears channels in time takes it away. */
  clock: 'coarse',
  kind: 'inline',
  /** Memory kept between calls at one label is safe, and a new instance for each call is slower. */
  instances: 'per-label',
  /** A host with several callers need not retry. */
  busy: 'queue',
  /**
   * One bad message does not cost the next one its answer: a fresh instance comes at once. But a guest that fails each time
   * makes the host start no more than a hundred in a minute, at any one label.
   */
  restart: Object.freeze({ policy: 'restart', backoffMs: 0, ceiling: Object.freeze({ amount: 100, perMs: 60_000 }) }),
} as const satisfies Partial<CompartmentPolicy>);

export const COMPARTMENT_LIMITS: CompartmentLimits = Object.freeze({
  /** A language runtime (CPython, QuickJS) starts within it; a thousand of them do not end the machine at once. */
  memoryBytes: 64 * 2 ** 20,
  /** CPython has about 8,000 functions in its table. */
  tableEntries: 16_384,
  /** Live instances of one compartment: one for each of a thousand tenants. */
  instances: 1_000,
  /** A long document fits; a hundred of them in flight are 100 MiB. */
  messageBytes: 2 ** 20,
  /** Posts that wait at one label: enough for a burst, and at most `queue * message` bytes. */
  queue: 64,
  /** Two screens of text; output is for people who debug. */
  outputBytes: 64 * 2 ** 10,
  /** Longer than a caller waits for an answer, and a guest that loops does not hold the thread for ever. */
  deadlineMs: 10_000,
  isDeadlineGiven: false,
  /** The deadline bounds it. */
  cpuMs: null,
  /** Counting costs more than looking whether time is over: only for those who need the same number each time. */
  fuel: null,
});

export const HOST_LIMITS: HostLimits = Object.freeze({
  /** A quarter of the 16,000 memories that V8 has address space for. */
  instances: 4_000,
  /** `instances` times `limits.memory`; a program that knows its machine says less. */
  memoryBytes: null,
  /** Deeper chains of compartments are loops. Each level takes a few frames of the host's stack. */
  callDepth: 32,
  /** Calls that wait for one busy instance. */
  waiting: 64,
  /** Threads and processes that run instances: each is an engine of its own, with some megabytes before any guest. */
  workers: 64,
  /** A thread or process that is asked once in a second whether it lives uses some ten thousandths of a core. */
  heartbeatMs: 1_000,
});

export const AUDIT_DEFAULTS: AuditPolicy = Object.freeze({ path: null });

/** The range that each number of a manifest must lie in: [least, most]. */
export const BOUNDS = Object.freeze({
  /** One page of Wasm, to all that a 32-bit memory can address. Checked to be whole pages. */
  memoryBytes: [64 * 2 ** 10, 4 * 2 ** 30],
  /** V8 takes at most 10,000,000 table entries. */
  tableEntries: [0, 10_000_000],
  instances: [1, 15_000],
  messageBytes: [16, 256 * 2 ** 20],
  queue: [0, 65_536],
  outputBytes: [0, 16 * 2 ** 20],
  /** 128 nested calls stay within the stack that Node gives a thread. */
  callDepth: [1, 128],
  waiting: [0, 65_536],
  workers: [0, 1_024],
  /** Ten times in a second costs a thousandth of a core per instance; once in an hour is as good as never. */
  heartbeatMs: [100, 3_600_000],
  /** One page, to 16 TiB: all that a process can address. */
  hostMemoryBytes: [64 * 2 ** 10, 2 ** 44],
  /** The watchdog looks about twice in a millisecond; a day is far below where its clock overflows. */
  deadlineMs: [1, 86_400_000],
  cpuMs: [1, 86_400_000],
  /** About a day of running. */
  fuel: [1, 2 ** 44],
  /** The shortest wait that a timer keeps, to longer than anybody would leave a compartment down. */
  backoffMs: [1, 3_600_000],
  /** Each is a number in memory, per label that failed. */
  restarts: [1, 1_000],
} as const satisfies Record<string, readonly [number, number]>);

/** What a manifest may be made of: past any that a person would review, and read in a fraction of a second. */
export const DOCUMENT_LIMITS = Object.freeze({
  /** A manifest with WIT texts in it is some tens of kilobytes. */
  maxBytes: 2 ** 20,
  /** Maps and lists within one another; the schema itself needs 6. */
  maxDepth: 32,
  /** Pieces of YAML (words, signs, spaces, line ends): bounds the time of the YAML parser. */
  maxTokens: 60_000,
  /** Maps, lists, keys and values. */
  maxNodes: 20_000,
  /** Problems listed in one error; a longer list helps nobody. */
  maxProblems: 50,
  /** One string that is no WIT text: the longest path that Linux opens. */
  maxTextLength: 4_096,
});
