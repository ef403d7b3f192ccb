import { CofferdamError } from '../error.ts';
import type { AuditEvent, AuditEventOf, StoredLabel } from './events.ts';
import { callsFlows, flowOf, isHostCode, participantNode, postFlow } from './flows.ts';
import { LIMITS } from './limits.ts';
import { hasMessage, participantsOf } from './query.ts';
import { JournalReader, type JournalSource } from './reader.ts';
import { type Flow, type NodeKey, type TraceGraph, TraceGraphBuilder } from './trace-graph.ts';

/** Where a trace begins: exactly one of `message`, `instance` and `tag`. */
export interface TraceQuery {
  /** `forward`: where did it go. `backward`: what went into it. */
  readonly direction: 'forward' | 'backward';
  readonly message?: number | undefined;
  /** An instance, a session or `host`. */
  readonly instance?: string | undefined;
  /** All data whose label carries this tag. */
  readonly tag?: string | undefined;
  /** Number of the `host` start event of the run that `message` or `instance` is of; by default the last that has it. */
  readonly run?: number | undefined;
  /** Nodes and edges at which the trace stops and says so. */
  readonly maxNodes?: number | undefined;
  readonly maxEdges?: number | undefined;
}

/**
 * Follows data over messages and through instances: what came into an instance before may be in what leaves it after, whatever
 * label it leaves with; so data is followed through gates. The same holds for a session, for what host code holds of a
 * message, and for a resource per label. It doesn't hold for `host` as such, which is trusted and says itself how what it
 * sends is labelled. Reads the journal several times; memory grows with the graph, not with the journal. Throws AUDIT_QUERY,
 * AUDIT_READ or AUDIT_FORMAT.
 */
export function trace(source: JournalSource, query: TraceQuery): TraceGraph {
  using reader = new JournalReader(source);
  const survey = surveyJournal(reader, query);
  const graph = follow(reader, query, survey, false);
  // A host that calls much holds much: shown as one node, what lies behind it fits.
  return graph.truncated ? follow(reader, query, survey, true) : graph;
}

function follow(reader: JournalReader, query: TraceQuery, survey: Survey, mergeHost: boolean): TraceGraph {
  const { direction, maxNodes = LIMITS.maxTraceNodes, maxEdges = LIMITS.maxTraceEdges } = query;
  const graph = new TraceGraphBuilder({ maxNodes, maxEdges, mergeHost });
  const follower = new Follower(graph, direction === 'forward', startOf(query, survey));
  for (const event of direction === 'forward' ? reader.events() : reader.eventsBackward(survey.lastSeq)) {
    // A host may be writing: what came after the survey has no known run.
    if (event.seq > survey.lastSeq || follower.isFull) break;
    follower.take(event, runOf(survey.runs, event.seq));
  }
  for (const event of reader.events()) {
    if (event.seq > survey.lastSeq) break;
    if (event.kind === 'start') graph.describe(participantNode(runOf(survey.runs, event.seq), event.instance), event);
  }
  return graph.graph(direction, subjectOf(query), follower.isFull);
}

interface Survey {
  /** Numbers of the `host` start events, after a 0 for what comes before the first. */
  readonly runs: readonly number[];
  readonly lastSeq: number;
  /** The run that the query's message or instance is of. */
  readonly run: number;
}

function surveyJournal(reader: JournalReader, query: TraceQuery): Survey {
  const { message, instance, tag } = query;
  if ([message, instance, tag].filter((value) => value !== undefined).length !== 1) {
    throw new CofferdamError(
      'AUDIT_QUERY',
      'A trace needs a beginning - give exactly one of message, instance and tag.',
    );
  }
  const runs = [0];
  let found: number | null = tag === undefined ? null : 0;
  let lastSeq = 0;
  for (const event of reader.events()) {
    lastSeq = event.seq;
    if (event.kind === 'host' && event.phase === 'start') runs.push(event.seq);
    const run = runs.at(-1) ?? 0;
    if (query.run === undefined || query.run === run) {
      if (message !== undefined && hasMessage(event, message)) found = run;
      if (instance !== undefined && participantsOf(event).includes(instance)) found = run;
    }
  }
  if (found !== null) return { runs, lastSeq, run: found };
  throw new CofferdamError('AUDIT_QUERY', `The journal has no ${subjectOf(query)} - look for it in an export.`);
}

/** The last run that begins at or before the event. */
function runOf(runs: readonly number[], seq: number): number {
  let low = 0;
  let high = runs.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((runs[middle] ?? 0) <= seq) low = middle;
    else high = middle - 1;
  }
  return runs[low] ?? 0;
}

function subjectOf({ message, instance, tag }: TraceQuery): string {
  if (tag !== undefined) return `tag ${tag}`;
  return instance === undefined ? `message ${message}` : `instance ${instance}`;
}

type Seed = Pick<Flow, 'message' | 'count' | 'label' | 'run'>;

/** What a trace begins with. */
interface Start {
  /** In the trace from the first event to the last. */
  readonly member: NodeKey | null;
  readonly message: number | null;
  /** Does the trace begin with what this flow moves? */
  readonly isSeed: (flow: Seed) => boolean;
  /** Does the trace begin with an instance that is started with this label? */
  readonly isSeedLabel: (label: StoredLabel) => boolean;
}

function startOf({ message, instance, tag }: TraceQuery, { run }: Survey): Start {
  const nothing: Start = { member: null, message: null, isSeed: () => false, isSeedLabel: () => false };
  if (tag !== undefined) {
    const isSeedLabel = ({ secrecy, integrity }: StoredLabel) => secrecy.includes(tag) || integrity.includes(tag);
    return { ...nothing, isSeed: ({ label }) => label !== null && isSeedLabel(label), isSeedLabel };
  }
  if (instance !== undefined) return { ...nothing, member: participantNode(run, instance) };
  if (message === undefined) return nothing;
  const isSeed = (flow: Seed): boolean =>
    flow.run === run && flow.message !== null && message >= flow.message && message < flow.message + flow.count;
  return { ...nothing, message, isSeed };
}

interface HalfPost {
  readonly event: AuditEventOf<'post' | 'deliver'>;
  /** Did the data's side of it hold what's followed at that moment? */
  readonly isCarried: boolean;
}

function nearName(event: AuditEventOf<'post' | 'deliver'>): string {
  return event.kind === 'post' ? event.from : event.to;
}

/**
 * One pass, oldest first when forward, newest first when backward. Forward, a carrier holds the data from the flow that
 * brought it; backward, what came into a carrier before the flow that left it counts. The two are mirror images.
 */
class Follower {
  readonly #graph: TraceGraphBuilder;
  readonly #isForward: boolean;
  readonly #start: Start;
  readonly #carriers = new Set<string>();
  /** Posts of which this pass has come to one half: the sending when forward, the delivery when backward. */
  readonly #posts = new Map<string, HalfPost>();

  constructor(graph: TraceGraphBuilder, isForward: boolean, start: Start) {
    this.#graph = graph;
    this.#isForward = isForward;
    this.#start = start;
    if (start.member !== null) this.#begin(start.member);
  }

  get isFull(): boolean {
    return this.#graph.isFull || this.#carriers.size >= LIMITS.maxTraceCarriers;
  }

  take(event: AuditEvent, run: number): void {
    switch (event.kind) {
      case 'gate':
        this.#graph.gate(event, run);
        break;
      case 'start':
        if (this.#isForward && this.#start.isSeedLabel(event.label)) this.#begin(participantNode(run, event.instance));
        break;
      case 'post':
      case 'deliver':
        this.#takePost(event, run);
        break;
      case 'calls': {
        const flows = callsFlows(event, run, this.#start.message);
        for (const flow of this.#isForward ? flows : flows.reverse()) this.#takeFlow(flow);
        break;
      }
      default: {
        const flow = flowOf(event, run);
        if (flow !== null) this.#takeFlow(flow);
      }
    }
  }

  #takeFlow(flow: Flow): void {
    const near = this.#isForward ? flow.from : flow.to;
    if (this.#carriers.has(near.id) || this.#begins(near, flow)) this.#follow(flow);
  }

  #begin(node: NodeKey): void {
    this.#carriers.add(node.id);
    this.#graph.node(node).isOrigin = true;
  }

  /** A post carries what its sender had when it was sent, and brings it when it's delivered. */
  #takePost(event: AuditEventOf<'post' | 'deliver'>, run: number): void {
    const key = `${run} ${event.message}`;
    if ((event.kind === 'post') === this.#isForward) {
      const half = { event, isCarried: this.#carriers.has(participantNode(run, nearName(event)).id) };
      // Not every post is delivered, but every delivery was posted: only when forward would the others pile up.
      const isSeed =
        event.kind === 'post' && this.#start.isSeed({ ...event, count: 1, label: event.requestLabel, run });
      if (!this.#isForward || half.isCarried || isSeed) this.#posts.set(key, half);
      return;
    }
    const half = this.#posts.get(key);
    if (half === undefined) return;
    this.#posts.delete(key);
    const post = event.kind === 'post' ? event : half.event;
    const deliver = event.kind === 'deliver' ? event : half.event;
    if (post.kind !== 'post' || deliver.kind !== 'deliver') return;
    const flow = postFlow(post, deliver, run);
    if (half.isCarried || this.#begins(this.#isForward ? flow.from : flow.to, flow)) this.#follow(flow);
  }

  #begins(near: NodeKey, seed: Seed): boolean {
    if (!this.#start.isSeed(seed)) return false;
    this.#graph.node(near).isOrigin = true;
    return true;
  }

  #follow(flow: Flow): void {
    this.#graph.flow(flow);
    const far = this.#isForward ? flow.to : flow.from;
    const isReached = !isHostCode(far) && !(this.#isForward && flow.kind === 'denied');
    if (isReached) this.#carriers.add(far.id);
  }
}
