import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import { leaseInterrupts, type WatchedThread } from '../watchdog.ts';
import { makeSharedChannel, markEnded, type SharedChannel } from './shared-channel.ts';
import type { Order } from './warden.ts';

/** A thread that waits for a guest, or has one. */
export interface GuestThread {
  readonly id: number;
  readonly channel: SharedChannel;
  /** The thread takes from it what its guest is, and its mail. */
  readonly port: MessagePort;
  /** Ends the thread, whatever it does; a second time does nothing. */
  end(): void;
}

/** Threads that are started before they are needed. */
const SPARES = 1;
/** When no guest runs any more, spares and warden go after so long. */
const IDLE_MS = 2_000;

/** Starts and ends the threads of guests, one for each instance and none used twice. They keep no process alive. */
export class Threads {
  readonly #entry: URL;
  readonly #wardenEntry: URL;
  #warden: Worker | null = null;
  #nextId = 1;
  #waiting = 0;
  readonly #spares: GuestThread[] = [];
  readonly #live = new Map<number, { readonly channel: SharedChannel; readonly watched: WatchedThread }>();
  /** Stops what runs too long in any of them. */
  readonly #lease = leaseInterrupts();
  #idle: NodeJS.Timeout | null = null;

  /** `entry` is what each thread runs (`workerData: { channel, watched, port }`), `wardenEntry` is warden.ts, built or not. */
  constructor(entry: URL, wardenEntry: URL) {
    this.#entry = entry;
    this.#wardenEntry = wardenEntry;
  }

  /** Starts the spares, so that the first instances need not wait. */
  warm(): void {
    while (this.#spares.length < SPARES) this.#spares.push(this.#start());
    this.#watchIdle();
  }

  take(): GuestThread {
    const thread = this.#spares.shift() ?? this.#start();
    setImmediate(() => this.warm()).unref();
    return thread;
  }

  /** A channel over which one thread calls another; it ends with either of them. */
  join(caller: GuestThread, callee: GuestThread): SharedChannel {
    const channel = makeSharedChannel(callee.channel.bell);
    this.#order({ kind: 'join', ids: [caller.id, callee.id], channel });
    return channel;
  }

  /** While something waits for a thread without blocking its own, the process stays alive. */
  keepAlive(isWaiting: boolean): void {
    this.#waiting += isWaiting ? 1 : -1;
    if (this.#waiting > 0) this.#warden?.ref();
    else this.#warden?.unref();
  }

  #start(): GuestThread {
    const id = this.#nextId++;
    const channel = makeSharedChannel();
    const { port1, port2 } = new MessageChannel();
    port1.unref();
    const watched = this.#lease.watch();
    this.#live.set(id, { channel, watched });
    this.#order({ kind: 'start', id, entry: this.#entry.href, channel, watched, port: port2 });
    return { id, channel, port: port1, end: () => this.#end(id, port1) };
  }

  #end(id: number, port: MessagePort): void {
    const live = this.#live.get(id);
    if (live === undefined) return;
    this.#live.delete(id);
    this.#lease.forget(live.watched);
    port.close();
    this.#order({ kind: 'end', id });
    this.#watchIdle();
  }

  #order(order: Order): void {
    this.#warden ??= this.#startWarden();
    this.#warden.postMessage(order, order.kind === 'start' ? [order.port] : []);
  }

  #startWarden(): Worker {
    const warden = new Worker(this.#wardenEntry, { name: 'cofferdam-warden', env: {}, argv: [], execArgv: [] });
    warden.unref();
    warden.on('exit', () => {
      if (this.#warden === warden) this.#lose();
    });
    return warden;
  }

  /** All threads end with the warden that started them. */
  #lose(): void {
    this.#warden = null;
    for (const { channel, watched } of this.#live.values()) {
      markEnded(channel, 'ended');
      this.#lease.forget(watched);
    }
    this.#lease.release();
    this.#live.clear();
    this.#spares.length = 0;
  }

  #watchIdle(): void {
    if (this.#idle !== null) clearTimeout(this.#idle);
    this.#idle = null;
    if (this.#live.size > this.#spares.length) return;
    this.#idle = setTimeout(() => {
      this.#idle = null;
      if (this.#live.size > this.#spares.length) return;
      const warden = this.#warden;
      this.#lose();
      void warden?.terminate();
    }, IDLE_MS).unref();
  }
}
