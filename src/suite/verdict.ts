import { AssertionError } from 'node:assert';
import { inspect } from 'node:util';
import { type Case, describeKind, type Kind } from './case.ts';
import { NotApplicable, Refused } from './foreign.ts';
import { Lab, type LabOptions } from './lab.ts';

/**
 * `breach`: something came through, or the host was harmed. `denied`: the allowed twin failed. `error`: the attack could not be
 * carried out, since something failed that it did not expect; nothing is shown either way. `hung`: no end in time.
 * `crashed`: it took its process with it. `not-applicable`: the case makes no sense there, and `detail` says why.
 */
export type Outcome = 'passed' | 'breach' | 'denied' | 'error' | 'hung' | 'crashed' | 'not-applicable';

/** How one case ended on one kind. */
export interface Verdict {
  readonly number: number;
  readonly name: string;
  readonly kind: string;
  readonly outcome: Outcome;
  /** What came through, or what failed; empty when it passed. */
  readonly detail: string;
  readonly ms: number;
}

const MAX_DETAIL_LENGTH = 4_000;

/** Tries the attack, then the twin, each in a lab of its own. */
export async function tryCase(tried: Case, options: LabOptions): Promise<Verdict> {
  const started = performance.now();
  const { kind: triedKind = 'inline', enclave = false } = options;
  const kind = describeKind(triedKind, enclave);
  const end = (outcome: Outcome, detail = ''): Verdict => ({
    number: tried.number,
    name: tried.name,
    kind,
    outcome,
    detail: detail.slice(0, MAX_DETAIL_LENGTH),
    ms: performance.now() - started,
  });
  if (!applies(tried, triedKind, enclave) && tried.only) return end('not-applicable', tried.only.why);
  for (const [part, failed] of [
    ['attack', 'breach'],
    ['twin', 'denied'],
  ] as const) {
    try {
      await using lab = new Lab({ ...options, number: tried.number });
      await tried[part](lab);
    } catch (error) {
      const cannotTry = error instanceof NotApplicable || (part === 'attack' && error instanceof Refused);
      if (cannotTry) return end('not-applicable', error.message);
      const isUnexpected = part === 'attack' && !(error instanceof AssertionError);
      return end(isUnexpected ? 'error' : failed, `${part}: ${describe(error)}`);
    }
  }
  return end('passed');
}

/** An enclave of kind `worker` has to do with both. */
function applies({ only }: Case, kind: Kind, enclave: boolean): boolean {
  if (!only) return true;
  return only.kinds.includes(kind) && (!enclave || only.kinds.includes('enclave'));
}

/** The line of the case where it was noticed helps its author; the rest of the stack nobody. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return inspect(error, { depth: 4 });
  const at = /cases\/[\w.-]+:\d+/.exec(error.stack ?? '')?.[0];
  const code = 'code' in error && !(error instanceof AssertionError) ? `${String(error.code)}: ` : '';
  return `${code}${error.message}${at ? ` (${at})` : ''}`;
}
