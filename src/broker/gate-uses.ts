import type { AllowedCall, Label } from '../label/index.ts';
import { exportGateName, linkGateName, maxReply } from './decisions.ts';
import type { Edge } from './edge.ts';
import type { GateBudgets } from './gates.ts';

/** One release that a message is about to make. */
export interface GateUse {
  readonly gate: string;
  readonly direction: 'request' | 'reply';
  readonly before: Label;
  readonly after: Label;
  /** What it may release at most: taken from the budget. */
  readonly maxBytes: number;
}

/** The gates that one verdict opens, in the order in which the message passes them. */
export function gateUsesOf(edge: Edge, request: Label, verdict: AllowedCall, bytes: number): readonly GateUse[] {
  const uses: GateUse[] = [];
  if (verdict.linkGateUsed) {
    uses.push({
      gate: linkGateName(edge),
      direction: 'request',
      before: request,
      after: verdict.request,
      maxBytes: bytes,
    });
  }
  if (verdict.exportGateUsed) {
    const { instance, reply } = verdict;
    uses.push({
      gate: exportGateName(edge),
      direction: 'reply',
      before: instance,
      after: reply,
      maxBytes: maxReply(edge),
    });
  }
  return uses;
}

/** Takes from the budgets what the uses may release; gives what gives the rest back when the reply's size is known. */
export function reserveBudgets(
  edge: Edge,
  request: Label,
  uses: readonly GateUse[],
  budgets: GateBudgets,
): (replyBytes: number) => void {
  const settlements = uses.map(({ gate, direction, maxBytes }) => {
    const policy = direction === 'request' ? edge.linkGate : edge.exportGate;
    const settle = policy && budgets.reserve(gate, policy, request, maxBytes);
    return (replyBytes: number) => settle?.(direction === 'request' ? maxBytes : replyBytes);
  });
  return (replyBytes) => {
    for (const settle of settlements) settle(replyBytes);
  };
}
