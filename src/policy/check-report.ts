import type { LabelInput } from '../label/index.ts';
import type { Budget } from './policy.ts';

/** A compartment at a label that it can run at, or a resource. `customer:*` in a label stands for any one member. */
export interface CheckNode {
  /** `redact@{customer:*}`, `webhook`; `host` in edges. */
  readonly id: string;
  readonly kind: 'compartment' | 'resource';
  readonly name: string;
  readonly label: LabelInput;
}

/** A call, post or use that can happen. */
export interface CheckEdge {
  readonly from: string;
  readonly to: string;
  readonly kind: 'entry' | 'call' | 'post' | 'use';
  /** As the manifest writes the import; null for an entry. */
  readonly import: string | null;
  /** What the gate on its link releases here, or null. */
  readonly gate: string | null;
}

/** A reply that a gate released: it comes out at a lower label than the instance runs at. */
export interface CheckRelease {
  readonly from: string;
  readonly to: string;
  readonly gate: string;
  readonly removed: readonly string[];
  readonly added: readonly string[];
}

/** A link (or listed entry) that is refused at these labels of its caller. */
export interface CheckDenial {
  readonly from: string;
  readonly to: string;
  readonly import: string | null;
  readonly line: number | null;
  readonly labels: readonly string[];
  readonly rule: number;
  readonly condition: string;
  /** What it says at the first of the labels, and the smallest changes that would allow it. */
  readonly summary: string;
  readonly remedy: string;
}

export interface CheckReach {
  readonly tag: string;
  readonly resource: string;
  /** The gates that take the tag off on the way. */
  readonly gates: readonly string[];
  /** Can it also get there with the tag still on? */
  readonly isUngated: boolean;
}

/** What a reviewer must read: each gate and what it may do. */
export interface CheckGate {
  /** `redact.redact`, or `count -> notify (desk:out/notify)` for the gate of a link. */
  readonly gate: string;
  readonly holder: string;
  readonly on: 'export' | 'link';
  readonly declassify: readonly string[];
  readonly endorse: readonly string[];
  readonly requires: readonly string[];
  readonly budget: Budget;
  /** Does it release anything at any label that can occur? */
  readonly isUsed: boolean;
}

export interface CheckViolation {
  readonly rule: string;
  readonly line: number | null;
  readonly path: readonly WhyStep[];
}

/** One step of a way that data takes. */
export interface WhyStep {
  /** `host`, `redact@{customer:acme}`, `webhook`. */
  readonly at: string;
  /** The gate passed to get here, and what it took off and put on. */
  readonly gate: string | null;
  readonly removed: readonly string[];
  readonly added: readonly string[];
}

export interface CheckReport {
  readonly nodes: readonly CheckNode[];
  readonly edges: readonly CheckEdge[];
  readonly releases: readonly CheckRelease[];
  readonly denied: readonly CheckDenial[];
  readonly reach: readonly CheckReach[];
  readonly gates: readonly CheckGate[];
  readonly forbidViolations: readonly CheckViolation[];
  /** Does every `forbid` rule hold? */
  readonly ok: boolean;
}
