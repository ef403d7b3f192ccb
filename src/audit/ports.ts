import { CofferdamError } from '../error.ts';
import type { PortEvent } from './crossing-events.ts';
import { countMessages, RECORD_BYTES } from './crossings.ts';
import type { Participant } from './events.ts';
import { LIMITS } from './limits.ts';

interface UsedPorts {
  /** Each once. */
  readonly ports: readonly PortEvent[];
  readonly bytes: Uint8Array;
  readonly messages: number;
}

interface DeclaredPort {
  readonly event: PortEvent;
  /** The last block of records that named it. */
  block: number;
}

/**
 * What the ports of this run mean: what the writer of a journal keeps in mind. A port whose instance has stopped is kept while
 * there's room, since what still runs on its behalf may answer it.
 */
export class PortTable {
  readonly #ports = new Map<number, DeclaredPort>();
  readonly #byInstance = new Map<Participant, Set<number>>();
  /** Ports of stopped instances, oldest first. */
  readonly #stopped = new Set<number>();
  #block = 0;

  /** Before `declare`: is there room, or something that can go? */
  assertRoom(): void {
    if (this.#ports.size < LIMITS.maxPorts || this.#stopped.size > 0) return;
    const message = `The journal knows ${LIMITS.maxPorts} ports in use - stop instances, or bind fewer imports.`;
    throw new CofferdamError('AUDIT_EVENT', message, { details: { kind: 'port', field: 'port' } });
  }

  declare(event: PortEvent): void {
    this.#forget(event.port);
    const [oldest] = this.#stopped;
    if (this.#ports.size >= LIMITS.maxPorts && oldest !== undefined) this.#forget(oldest);
    this.#ports.set(event.port, { event: { ...event }, block: 0 });
    for (const instance of [event.from, event.to]) {
      const ports = this.#byInstance.get(instance);
      if (ports === undefined) this.#byInstance.set(instance, new Set([event.port]));
      else ports.add(event.port);
    }
  }

  stop(instance: Participant): void {
    for (const port of this.#byInstance.get(instance) ?? []) {
      this.#leaveInstances(port);
      this.#stopped.add(port);
    }
  }

  /** A run of a host begins or ends. */
  clear(): void {
    this.#ports.clear();
    this.#byInstance.clear();
    this.#stopped.clear();
  }

  /** The ports that the records name. Null for records that no reader would take, or of a port that was not declared. */
  usedBy(bytes: Uint8Array): UsedPorts | null {
    if (bytes.length === 0 || bytes.length % RECORD_BYTES !== 0 || bytes.length > LIMITS.maxCrossingsBytes) return null;
    const block = ++this.#block;
    const ports: PortEvent[] = [];
    const messages = countMessages(bytes, (port) => {
      const known = this.#ports.get(port);
      if (known === undefined) return false;
      if (known.block !== block) {
        known.block = block;
        ports.push(known.event);
      }
      return true;
    });
    return messages === null ? null : { ports, bytes, messages };
  }

  #forget(port: number): void {
    this.#leaveInstances(port);
    this.#stopped.delete(port);
    this.#ports.delete(port);
  }

  #leaveInstances(port: number): void {
    const known = this.#ports.get(port)?.event;
    if (known === undefined) return;
    for (const instance of [known.from, known.to]) {
      const ports = this.#byInstance.get(instance);
      ports?.delete(port);
      if (ports?.size === 0) this.#byInstance.delete(instance);
    }
  }
}
