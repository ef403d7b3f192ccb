import type { LabelInput } from '../../src/label/index.ts';

/*
 * A small world for the property of noninterference: a policy, a program for each guest, and what the host does. Plain
 * data, so that it can be drawn from a seed, made smaller, printed, run by the model and run by a real host.
 */

/** What a guest runs: `acc` is what it computes, at first its argument `n`; `state` is what it keeps until the next call. */
export type Instruction =
  | { readonly op: 'set'; readonly value: number }
  /** acc += n; acc = acc * 5 + 1; state = acc; acc += state. */
  | { readonly op: 'add' | 'mix' | 'keep' | 'recall' }
  /** Grows the memory by a page if acc is odd; acc += pages. */
  | { readonly op: 'grow' | 'size' }
  /** Traps; loops for ever, which its fuel ends. */
  | { readonly op: 'trap' | 'spin' }
  /** Runs the body if acc is odd; as often as acc modulo 4 says. */
  | { readonly op: 'if' | 'repeat'; readonly body: readonly Instruction[] }
  /** acc goes over the compartment's link of this number, and what comes back is acc; `try` catches what it throws. */
  | { readonly op: 'send' | 'try'; readonly link: number };

/** Calls of two types, a post, and a post and a call to a resource. */
export type Way = 'run' | 'ask' | 'take' | 'put' | 'get';

export interface GateSpec {
  readonly declassify: readonly string[];
  readonly endorse: readonly string[];
  readonly requires: readonly string[];
  readonly calls: number | null;
  readonly bytes: number | null;
}

export interface LinkSpec {
  readonly way: Way;
  /** A compartment's index, or a resource's for `put` and `get`. */
  readonly to: number;
  readonly gate: GateSpec | null;
}

export interface CompartmentSpec {
  readonly base: Required<LabelInput>;
  /** Besides the base label: secrecy that it may be given. All integrity that is demanded is in the base label. */
  readonly clearance: Required<LabelInput>;
  /** Besides those that its gates need. */
  readonly grants: readonly string[];
  /** On the export `run`. */
  readonly gate: GateSpec | null;
  readonly isPerCall: boolean;
  readonly hasFuel: boolean;
  readonly queue: number;
  /** What `state` is at first, in each of the two runs: part of the module, and as secret as the base label. */
  readonly initial: readonly [number, number];
  readonly links: readonly LinkSpec[];
  readonly program: readonly Instruction[];
}

export interface ResourceSpec {
  readonly label: Required<LabelInput>;
  /** What it holds at first, in each of the two runs. */
  readonly content: readonly [number, number];
}

export type Action =
  | {
      readonly act: 'run' | 'ask' | 'take';
      readonly to: number;
      readonly label: Required<LabelInput>;
      /** The argument in each of the two runs. */
      readonly input: readonly [number, number];
      /** Whether the host waits until all posts are delivered before it goes on. */
      readonly isDrained: boolean;
    }
  | {
      readonly act: 'grant' | 'revoke' | 'delegate';
      readonly by: string;
      readonly to: number;
      readonly privilege: string;
    };

export interface World {
  readonly observer: Required<LabelInput>;
  readonly callDepth: number;
  readonly compartments: readonly CompartmentSpec[];
  readonly resources: readonly ResourceSpec[];
  readonly actions: readonly Action[];
}

/** Which of the two runs. They differ only in data that the observer may not learn. */
export type Run = 0 | 1;

/** Messages that follow from one another: a guest passes on one less than it got, and sends nothing at 0. */
export const HOPS = 3;
export const MAX_PAGES = 3;
export const FUEL = 50_000;

export const PUBLIC: Required<LabelInput> = { secrecy: [], integrity: [] };

/** Something that happened, visible to whoever its label can flow to. */
export interface Observation {
  readonly label: Required<LabelInput>;
  readonly what: string;
  /** What the model does not foretell: the error's text and details, the fuel that was used. */
  readonly detail?: string;
}

export const nameOf = (compartment: number) => `c${compartment}`;
export const resourceNameOf = (resource: number) => `r${resource}`;

/** Bytes that `ask` and `take` send for a number, and the number that their receiver makes of it. */
export const bytesFor = (value: number) => new Uint8Array(value & 7).fill(value & 255);
export const numberFrom = (length: number, first: number) => (length === 0 ? 0 : length * 256 + first);

/** May the observer see what carries this label? Written out: it judges the host, and so asks nothing of it. */
export function canSee(observer: Required<LabelInput>, { secrecy, integrity }: Required<LabelInput>): boolean {
  return (
    secrecy.every((tag) => observer.secrecy.includes(tag)) && observer.integrity.every((tag) => integrity.includes(tag))
  );
}

/** Of two values that differ where the observer cannot see: the one of this run. */
export function valueIn(
  { observer }: World,
  run: Run,
  label: Required<LabelInput>,
  values: readonly [number, number],
): number {
  return values[canSee(observer, label) ? 0 : run];
}

/** The privileges that a compartment is given. */
export function grantsOf({ grants, gate, links }: CompartmentSpec): readonly string[] {
  const needed = [gate, ...links.map((link) => link.gate)].flatMap((each) =>
    each === null ? [] : [...each.declassify.map((tag) => `${tag}-`), ...each.endorse.map((tag) => `${tag}+`)],
  );
  return [...new Set([...grants, ...needed])];
}

/** Instructions, bodies included. */
export function countOf(program: readonly Instruction[]): number {
  return program.reduce((sum, each) => sum + 1 + ('body' in each ? countOf(each.body) : 0), 0);
}

/** How much there is to read of it. */
export function sizeOf({ compartments, resources, actions }: World): number {
  const parts = compartments.map(
    ({ links, program, grants, gate }) =>
      1 +
      countOf(program) +
      links.length +
      grants.length +
      [gate, ...links.map((link) => link.gate)].filter(Boolean).length,
  );
  return parts.reduce((sum, part) => sum + part, resources.length + actions.length);
}
