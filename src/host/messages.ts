import type { Broker } from '../broker/broker.ts';
import { type Crossing, heldByHost } from '../broker/crossing.ts';
import { type Edge, HOST } from '../broker/edge.ts';
import { streamBeyond, type Wiring } from '../broker/wiring.ts';
import { carriesStreams, forProgram, fromProgram, mapSources, Source, type StreamType } from '../compartment/source.ts';
import { conformArguments } from '../convention/conform.ts';
import { CofferdamError, isCofferdamError } from '../error.ts';
import type { Label } from '../label/index.ts';
import { BOUNDS } from '../policy/defaults.ts';
import type { Policy } from '../policy/policy.ts';
import type { CallOptions, PostOptions, Reply } from './held.ts';
import type { Session } from './session.ts';
import { assertCount, assertUpTo, maxBytesOf, resolveEntry, sizeOfArguments, unwrapResult } from './target.ts';

/** What all calls of a host share: who sends, and what happens to the label of the reply. */
export interface Sender {
  readonly id: string;
  readonly session: Session | null;
}

export const PROGRAM: Sender = { id: HOST, session: null };

/** What the program sends: from a target's name, arguments and options to a crossing that the broker can judge. */
export class Messages {
  readonly #broker: Broker;
  readonly #inForce: () => { readonly policy: Policy; readonly wiring: Wiring };

  /** `inForce` throws HOST_CLOSED when nothing is any more. */
  constructor(broker: Broker, inForce: () => { readonly policy: Policy; readonly wiring: Wiring }) {
    this.#broker = broker;
    this.#inForce = inForce;
  }

  /** Throws HOST_CLOSED. */
  assertOpen(): void {
    this.#inForce();
  }

  async call<T>(sender: Sender, target: string, args: readonly unknown[], options: CallOptions): Promise<Reply<T>> {
    const { deadlineMs = null } = options;
    const crossing = this.#ofSession(sender, this.#crossing(sender, 'call', target, args, options));
    if (deadlineMs !== null) assertDeadline(deadlineMs, crossing.edge, target);
    if (sender.session) this.#assertTakes(sender.session, crossing);
    const reply = await this.#broker.call(crossing, deadlineMs).catch((error: unknown) => {
      // A failure is a reply (rule 6).
      if (isCofferdamError(error) && error.details.label) sender.session?.takeIn(error.details.label as Label);
      throw error;
    });
    sender.session?.takeIn(reply.label);
    const value = mapSources(crossing.edge.type.result, reply.value, forProgram);
    return { ...reply, value: unwrapResult(crossing.edge, { ...reply, value }) as T };
  }

  /** A session that has risen since it sent a stream may hold what the stream's label does not cover. */
  #ofSession({ session }: Sender, crossing: Crossing): Crossing {
    const { edge, args, request } = crossing;
    if (session === null || !carriesStreams(edge.type)) return crossing;
    const { space } = this.#broker;
    const guarded = (type: StreamType, given: unknown) => {
      const source = fromProgram(type, given);
      if (!(source instanceof Source)) return source;
      const pull = async () => {
        const step = await source.next();
        if (step.done || space.canFlow(session.label, request)) return step;
        void source.return();
        throw new CofferdamError(
          'FLOW_DENIED',
          `The session has risen to ${space.format(session.label)} since it passed a stream to ${edge.to} at ${space.format(request)}. Read no more until the stream is written.`,
          { details: { label: session.label } },
        );
      };
      return new Source(pull, () => void source.return());
    };
    return { ...crossing, args: edge.type.params.map(({ type }, i) => mapSources(type, args[i], guarded)) };
  }

  post(sender: Sender, target: string, args: readonly unknown[], options: PostOptions): void {
    const { type } = resolveEntry(this.#inForce().wiring, target).post;
    if (carriesStreams(type)) throw streamBeyond(`the export ${target}`, 'a post');
    const crossing = this.#crossing(sender, 'post', target, args, options);
    const refusal = this.#broker.post(crossing);
    this.#broker.finish(crossing.chain);
    if (refusal) throw refusal;
  }

  #crossing(
    sender: Sender,
    kind: 'call' | 'post',
    target: string,
    args: readonly unknown[],
    options: CallOptions,
  ): Crossing {
    const sent = this.sent(sender, kind, target, options, args);
    const { edge } = sent;
    // A post is delivered later: what was checked must be what arrives.
    const fixed = kind === 'post' ? conformArguments(edge.type, args, target, maxBytesOf(edge)) : args;
    const bytes = sizeOfArguments(edge, fixed, target);
    return { ...sent, args: fixed, bytes, chain: this.#broker.makeChain(options.signal ?? null) };
  }

  /** What is known of a message before its arguments. */
  sent(sender: Sender, kind: 'call' | 'post', target: string, options: PostOptions, args?: readonly unknown[]) {
    const { wiring, policy } = this.#inForce();
    const entry = resolveEntry(wiring, target);
    if (args) assertCount(entry[kind], args, target);
    const request = this.#labelOf(policy, sender, options);
    assertUpTo(this.#broker.space, entry, request, target);
    return {
      edge: entry[kind],
      from: null,
      fromLabel: null,
      request,
      sender: options.from ? heldByHost(options.from.message) : sender.id,
      replyTo: sender.session?.id ?? null,
      parent: options.from?.message ?? null,
    };
  }

  /** Rule 9: input without a label is an error, unless the manifest sets a default for it. */
  #labelOf({ defaultLabel }: Policy, { session }: Sender, { label, from }: PostOptions): Label {
    const { space } = this.#broker;
    if (label && !session && !from) return space.label(label);
    // Labels are made anew: one that another host gave, or that was written by hand, is known here by its tags alone.
    const given = [from && (from.label ?? null), label].filter((part) => part !== undefined);
    const parts = [...(session ? [session.label] : []), ...given.map((part) => space.label(part))];
    const [first, ...rest] = parts;
    if (first) return rest.reduce((joined, part) => space.join(joined, part), first);
    if (defaultLabel) return space.label(defaultLabel);
    throw new CofferdamError(
      'LABEL_MISSING',
      'The arguments have no label. Pass { label: { secrecy: [...] } } ({} is public), or set defaultLabel in the manifest.',
    );
  }

  /** Labels are known before the call: one whose reply the session may not hold is refused before anything runs. */
  #assertTakes(session: Session, { edge, request }: Crossing): void {
    const verdict = this.#broker.decisions.decide(edge, { from: null, request }, 0);
    if (verdict.allowed) session.assertWithin(verdict.reply);
  }
}

const [LEAST_MS, MOST_MS] = BOUNDS.deadlineMs;

function assertDeadline(deadlineMs: number, { target: end }: Edge, target: string): void {
  const isTime = Number.isFinite(deadlineMs) && deadlineMs >= LEAST_MS && deadlineMs <= MOST_MS;
  const isStoppable = end.kind === 'export' && end.compartment.policy.isInterruptible && !end.compartment.code.isAsync;
  if (isTime && isStoppable) return;
  const message = isTime
    ? `A deadline cannot be enforced on ${target}: its compartment cannot be interrupted. Leave deadlineMs out, or give it limits.deadline.`
    : `deadlineMs is a number of milliseconds from ${LEAST_MS} to ${MOST_MS}. Write one, or leave it out.`;
  throw new CofferdamError('OPTION_UNENFORCEABLE', message, { details: { option: 'deadlineMs', target } });
}
