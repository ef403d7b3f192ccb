import type { Denied, Label } from '../label/index.ts';
import type { LinkPolicy } from './policy.ts';

/** A place where data can be: with the host at a label, in an instance, in a resource. */
export interface Vertex {
  readonly index: number;
  readonly kind: 'host' | 'instance' | 'resource';
  /** `host`, or the compartment's or resource's name. */
  readonly name: string;
  readonly label: Label;
}

/** A gate that changed a label on the way. */
export interface Release {
  readonly holder: string;
  /** `redact.redact`, or `count -> notify (desk:out/notify)` for the gate of a link. */
  readonly gate: string;
  readonly removed: readonly string[];
  readonly added: readonly string[];
}

/** Data goes from one place to another. `raise`: the host treats data as more secret or less vouched for than it is. */
export interface DataFlow {
  readonly from: Vertex;
  readonly to: Vertex;
  readonly kind: 'call' | 'post' | 'reply' | 'write' | 'read' | 'raise';
  readonly release: Release | null;
  /** Position in `policy.links`; null for the host's own calls. */
  readonly link: number | null;
}

/** A link, or a call that `entries` lists, that is refused at one label. */
export interface DeniedCall {
  readonly from: string;
  readonly to: string;
  readonly toKind: 'compartment' | 'resource';
  readonly link: number | null;
  readonly label: Label;
  readonly export: string | null;
  readonly verdict: Denied;
}

export interface FlowGraph {
  readonly vertices: readonly Vertex[];
  readonly flows: readonly DataFlow[];
  readonly denied: readonly DeniedCall[];
}

/** What the gate of a link is called in reports. */
export function linkGateName({ from, to, import: imported }: LinkPolicy): string {
  return `${from} -> ${to} (${imported})`;
}

/** What the gate of an export is called in reports: `key` as the manifest writes it. */
export function exportGateName(compartment: string, key: string): string {
  return `${compartment}.${key}`;
}
