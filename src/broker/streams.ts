import { sizerOf } from '../abi/size.ts';
import { chunkType, fromProgram, mapSources, Source, type StreamType } from '../compartment/source.ts';
import { CofferdamError, isCofferdamError } from '../error.ts';
import type { AllowedCall } from '../label/index.ts';
import type { FuncType, ValType } from '../wasm/types.ts';
import type { Crossing } from './crossing.ts';
import type { Decisions } from './decisions.ts';
import type { Compartment, Edge } from './edge.ts';
import type { Instances, Slot } from './instances.ts';
import { presentEdge } from './present.ts';
import type { Recorder } from './recorder.ts';

/** Of a list's own, which a chunk of a stream is not. */
const LIST_BYTES = 8;

export interface StreamsEnv {
  readonly decisions: Decisions;
  readonly recorder: Recorder;
  readonly instances: Instances;
  /** Those in force. */
  readonly compartments: () => ReadonlyMap<string, Compartment>;
}

/** The message that a stream was handed over in: with its arguments, or with its reply. */
export interface Carrier {
  readonly crossing: Crossing;
  readonly verdict: AllowedCall;
  /** The callee; null for a host function. */
  readonly slot: Slot | null;
  readonly message: number;
  readonly side: 'request' | 'reply';
}

/**
 * Streams and futures that were handed over in messages. Each chunk is a message again: decided as the one that
 * brought it, at the present grants and links, before its writer is asked and before it is handed on, and recorded.
 * That somebody reads, or stops, goes back to the writer: it may, since streams cross only where a reply does, and no gate.
 */
export class Streams {
  readonly #env: StreamsEnv;

  constructor(env: StreamsEnv) {
    this.#env = env;
  }

  /** The value with each stream and future in it guarded. */
  carry(carrier: Carrier, type: ValType | null, value: unknown): unknown {
    return mapSources(type, value, (inner, given) => {
      const source = fromProgram(inner, given);
      return source instanceof Source ? this.#guard(carrier, inner, source) : source;
    });
  }

  #guard(carrier: Carrier, type: StreamType, source: Source): Source {
    const { crossing, slot } = carrier;
    const { signal } = crossing.chain;
    const chunk: FuncType = { params: [], result: chunkType(type), async: false };
    const ends = [crossing.from, slot].filter((end) => end !== null);
    const { promise: aborted, reject } = Promise.withResolvers<never>();
    aborted.catch(() => undefined);
    let isOpen = true;
    const close = () => {
      if (!isOpen) return;
      isOpen = false;
      signal?.removeEventListener('abort', abort);
      for (const end of ends) this.#env.instances.closeStream(end);
    };
    const drop = () => {
      close();
      void source.return();
    };
    const abort = () => {
      drop();
      reject(new CofferdamError('CALL_ABORTED', 'The call was aborted by its caller.', { cause: signal?.reason }));
    };
    for (const end of ends) end.streams += 1;
    if (signal?.aborted) abort();
    else signal?.addEventListener('abort', abort, { once: true });
    const pull = async () => {
      try {
        this.#assertAllowed(carrier);
        const step = await Promise.race([source.next(), aborted]);
        if (step.done) close();
        else {
          this.#assertAllowed(carrier);
          this.#record(carrier, type, sizerOf(chunk).result(step.value));
          if (type.kind === 'future') close();
        }
        return step;
      } catch (error) {
        drop();
        throw isCofferdamError(error) ? error : failed(crossing.edge, error);
      }
    };
    return new Source(pull, drop);
  }

  /** Throws FLOW_DENIED, which is on disk, TARGET_UNKNOWN where the link is gone, and what ended the chain. */
  #assertAllowed({ crossing }: Carrier): void {
    const { chain, fromLabel: from, request } = crossing;
    chain.assertGoing();
    const edge = presentEdge(this.#env.compartments(), crossing.edge);
    const verdict = this.#env.decisions.standing(edge, { from, request });
    if (!verdict.allowed) throw this.#env.recorder.denied({ ...crossing, edge }, verdict);
  }

  #record({ crossing, verdict, slot, message, side }: Carrier, type: StreamType, size: number): void {
    const { recorder } = this.#env;
    const bytes = type.kind === 'stream' ? size - LIST_BYTES : size;
    if (slot === null) {
      if (side === 'request') recorder.written({ ...crossing, bytes }, message, verdict);
      else recorder.read(crossing, message, verdict.reply, bytes);
    } else if (side === 'reply') recorder.replied(crossing, slot, message, verdict.reply, bytes, type.kind);
    else {
      const number = recorder.nextMessage();
      const sent = { ...crossing, bytes, parent: message };
      recorder.posted(sent, number);
      recorder.entered(sent, slot, number, verdict, true);
    }
  }
}

function failed({ text }: Edge, cause: unknown): CofferdamError {
  return new CofferdamError(
    'RESOURCE_FAILED',
    `A stream or future that the program gives to ${text} failed; the cause has its error. Mend its source.`,
    { cause },
  );
}
