import { MAX_LIST_BYTES } from '../../abi/index.ts';
import { compileCodecs, type MessageCodec } from '../../abi/message.ts';
import type { World } from '../../wasm/types.ts';
import type { Code, Instance, InstanceHost } from '../contract.ts';
import { RemoteInstance } from './parent.ts';
import { type Launch, Peers } from './peers.ts';

export interface RemoteOptions {
  /** For messages: 'worker' or 'process'. */
  readonly kind: string;
  readonly world: World;
  readonly sha256: string;
  readonly limits: { readonly messageBytes: number };
  /** See `WorkerOptions`. */
  readonly maxStateBytes: number | null;
  readonly launch: Launch;
}

/** Code whose instances run elsewhere, each with a thread or a process of its own. Throws ABI_UNSUPPORTED or ABI_TYPE_LIMIT. */
export class RemoteCode implements Code {
  readonly world: World;
  readonly sha256: string;
  readonly kind: string;
  readonly maxMessageBytes: number;
  readonly exports: readonly MessageCodec[];
  readonly imports: readonly MessageCodec[];
  readonly maxStateBytes: number | null;
  /** That instances start from, once the first of them has made it. */
  state: Uint8Array | null = null;
  readonly #peers: Peers;

  constructor({ kind, world, sha256, limits, maxStateBytes, launch }: RemoteOptions) {
    this.kind = kind;
    this.world = world;
    this.sha256 = sha256;
    this.maxMessageBytes = Math.min(limits.messageBytes, MAX_LIST_BYTES);
    const { exports, imports } = world;
    const codecs = compileCodecs([...exports, ...imports], { maxMessageBytes: this.maxMessageBytes, isChecked: true });
    this.exports = codecs.slice(0, exports.length);
    this.imports = codecs.slice(exports.length);
    this.maxStateBytes = maxStateBytes;
    this.#peers = new Peers(launch);
  }

  whyNotFused(): string {
    return `it runs in a ${this.kind} of its own`;
  }

  instantiate(host: InstanceHost): Instance {
    return new RemoteInstance(this, host, this.#peers);
  }
}
