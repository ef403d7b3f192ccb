import type { Label } from '../label/index.ts';
import type { GatePolicy, Rate } from '../policy/policy.ts';

/** What one gate let through at one request label, in the current period of each rate. */
interface Account {
  calls: number;
  callsSinceMs: number;
  bytes: number;
  bytesSinceMs: number;
}

/**
 * Budgets of gates, counted per gate and request label: a count shared by labels would let one feel another's use.
 * A period starts with its first use.
 */
export class GateBudgets {
  #accounts = new Map<string, Account>();
  #nowMs: () => number;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Is there budget for one more use that may release up to `maxBytes`? */
  isOpen(gate: string, policy: GatePolicy, request: Label, maxBytes: number): boolean {
    const { calls, bytes } = policy.budget;
    if (calls === null && bytes === null) return true;
    const account = this.#account(gate, policy, request);
    return (
      (calls === null || account.calls < calls.amount) && (bytes === null || account.bytes + maxBytes <= bytes.amount)
    );
  }

  /** Counts a use before it happens, with all it might release. Returns what gives the unused bytes back. */
  reserve(gate: string, policy: GatePolicy, request: Label, maxBytes: number): (releasedBytes: number) => void {
    const account = this.#account(gate, policy, request);
    account.calls += 1;
    account.bytes += maxBytes;
    const period = account.bytesSinceMs;
    let isSettled = false; // a failure after the reply was measured settles again
    return (releasedBytes) => {
      if (account.bytesSinceMs === period && !isSettled) account.bytes -= maxBytes - Math.min(releasedBytes, maxBytes);
      isSettled = true;
    };
  }

  #account(gate: string, policy: GatePolicy, request: Label): Account {
    const key = `${gate} ${request.id}`;
    const nowMs = this.#nowMs();
    let account = this.#accounts.get(key);
    if (account === undefined) {
      account = { calls: 0, callsSinceMs: nowMs, bytes: 0, bytesSinceMs: nowMs };
      this.#accounts.set(key, account);
    }
    if (isOver(policy.budget.calls, account.callsSinceMs, nowMs)) {
      account.calls = 0;
      account.callsSinceMs = nowMs;
    }
    if (isOver(policy.budget.bytes, account.bytesSinceMs, nowMs)) {
      account.bytes = 0;
      account.bytesSinceMs = nowMs;
    }
    return account;
  }
}

function isOver(rate: Rate | null, sinceMs: number, nowMs: number): boolean {
  return rate !== null && nowMs - sinceMs >= rate.perMs;
}
