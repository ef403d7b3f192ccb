import type { CallTime, InstanceHost } from '../compartment/contract.ts';
import type { Interrupts } from '../compartment/interrupts.ts';
import { CofferdamError } from '../error.ts';
import type { Slot } from './instances.ts';
import type { Recorder } from './recorder.ts';

/** What the broker may do beyond computing: taken where the host is made, passed down. */
export interface Powers {
  readonly nowMs: () => number;
  readonly random: (bytes: Uint8Array) => void;
  /** Of this thread; taken at the first use. */
  readonly interrupts: () => Interrupts;
  /** Monotonic. */
  readonly elapsedMs: () => number;
}

const NS_PER_MS = 1_000_000n;

/** All that one instance can reach. The clock of the small WASI counts milliseconds: too coarse to time a cache with. */
export function makeInstanceHost(
  slot: Slot,
  recorder: Recorder,
  powers: Powers,
  reach: Pick<InstanceHost, 'call' | 'fuse' | 'leave' | 'ended' | 'bounded' | 'direct'>,
): InstanceHost {
  const { policy, code } = slot.compartment;
  const maxBytes = policy.limits.outputBytes;
  return {
    ...reach,
    ...(policy.isInterruptible && !code.isAsync ? { interrupt: powers.interrupts().memory } : {}),
    ...(slot.fuel === null ? {} : { fuel: slot.fuel }),
    resumed: () => slot.chain?.timing.resume(),
    ...(policy.kind === 'inline' ? {} : { time: timeOf(slot), sharing: slot.label.id }),
    suspending: slot.compartment.edges.suspending,
    output: (stream, bytes) => {
      if (bytes.length === 0) return; // no limit would end a flood of nothing
      const { chain } = slot;
      if (slot.output.chain !== chain) slot.output = { chain, bytes: 0 };
      slot.output.bytes += bytes.length;
      if (slot.output.bytes > maxBytes) {
        throw new CofferdamError(
          'LIMIT_OUTPUT',
          `${slot.compartment.name} wrote more than ${maxBytes} bytes in one call. Raise limits.output.`,
          { details: { limit: maxBytes } },
        );
      }
      recorder.output(slot, stream, bytes);
    },
    nowNs: policy.clock === 'virtual' ? virtualClock() : () => BigInt(Math.floor(powers.nowMs())) * NS_PER_MS,
    random: powers.random,
  };
}

/** The time of whichever chain is inside. */
function timeOf(slot: Slot): CallTime {
  return {
    leftMs: (isAside) => slot.chain?.timing.leftMs(isAside) ?? Number.POSITIVE_INFINITY,
    ran: (ms) => slot.chain?.timing.ran(ms),
    overdue: (cause) => slot.chain?.timing.overdue(cause) ?? null,
    exempt: (body) => (slot.chain === null ? body() : slot.chain.timing.exempt(body)),
  };
}

/** Goes on by a millisecond with each look: to wait by it ends, and what others do does not move it. */
function virtualClock(): () => bigint {
  let looks = 0n;
  return () => {
    looks += 1n;
    return looks * NS_PER_MS;
  };
}
