import { countMessages, RECORD_BYTES } from './crossings.ts';
import type { PortEvent } from './events.ts';
import { LIMITS } from './limits.ts';

interface UsedPorts {
  /** Each once. */
  readonly ports: readonly PortEvent[];
  readonly bytes: Uint8Array;
  readonly messages: number;
}

/** What the ports of this run mean: what the writer of a journal keeps in mind, at most LIMITS.maxPorts. */
export class PortTable {
  readonly #ports = new Map<number, { readonly event: PortEvent; lastBlock: number }>();
  #block = 0;

  declare(event: PortEvent): void {
    this.#ports.set(event.port, { event: { ...event }, lastBlock: 0 });
  }

  /** A run of a host begins or ends. */
  clear(): void {
    this.#ports.clear();
  }

  /** The ports that the records name. Null for records that no reader would take, or of a port that was not declared. */
  usedBy(bytes: Uint8Array): UsedPorts | null {
    if (bytes.length === 0 || bytes.length % RECORD_BYTES !== 0 || bytes.length > LIMITS.maxCrossingsBytes) return null;
    const block = ++this.#block;
    const ports: PortEvent[] = [];
    const messages = countMessages(bytes, (port) => {
      const known = this.#ports.get(port);
      if (known === undefined) return false;
      if (known.lastBlock !== block) {
        known.lastBlock = block;
        ports.push(known.event);
      }
      return true;
    });
    return messages === null ? null : { ports, bytes, messages };
  }
}
