import type { Code } from '../codes.ts';
import { CofferdamError } from '../error.ts';
import { DOCUMENT_LIMITS } from './defaults.ts';
import type { Path, Place, Source } from './source.ts';

/** One thing that is wrong with a manifest. `line` and `column` count from 1; null when it was given as an object. */
export interface Problem {
  readonly code: Code;
  readonly message: string;
  readonly path: string;
  readonly file: string | null;
  readonly line: number | null;
  readonly column: number | null;
}

/** Collects what is wrong, so that one run shows all of it. */
export class Problems {
  readonly #file: string | null;
  readonly #found = new Map<string, Problem>();
  #source: Source | null = null;

  constructor(file: string | null) {
    this.#file = file;
  }

  /** From here on, problems get their place from this document. */
  locateIn(source: Source): void {
    this.#source = source;
  }

  get isEmpty(): boolean {
    return this.#found.size === 0;
  }

  /** So many that more would help nobody. */
  get isFull(): boolean {
    return this.#found.size >= 4 * DOCUMENT_LIMITS.maxProblems;
  }

  /** `at: 'key'` points at the key itself, for one that should not be there. */
  add(code: Code, path: Path, text: string, at: 'key' | 'value' = 'value'): void {
    this.addAt(code, this.#source?.placeOf(path, at) ?? null, path, text);
  }

  addAt(code: Code, place: Place | null, path: Path, text: string): void {
    const { line, column } = place ?? { line: null, column: null };
    const shown = formatPath(path);
    const where = place === null ? (this.#file ?? 'manifest') : `${this.#file ?? 'manifest'}:${line}:${column}`;
    const message = `${where}: ${shown === '' ? '' : `${shown}: `}${text}`;
    const key = `${code} ${where} ${shown} ${text}`;
    if (this.isFull) return;
    this.#found.set(key, { code, message, path: shown, file: this.#file, line, column });
  }

  /** One error for the first problem in the document; `details.problems` has the others too. */
  throwIfAny(): void {
    if (this.isEmpty) return;
    const sorted = [...this.#found.values()].sort(
      (one, other) => (one.line ?? 0) - (other.line ?? 0) || (one.column ?? 0) - (other.column ?? 0),
    );
    const problems = sorted.slice(0, DOCUMENT_LIMITS.maxProblems);
    const [first] = problems;
    if (first === undefined) return;
    const { code, message, path, file, line, column } = first;
    const others = sorted.length - 1;
    const rest = others === 0 ? '' : ` (and ${others} more ${others === 1 ? 'problem' : 'problems'})`;
    throw new CofferdamError(code, message + rest, { details: { file, line, column, path, problems } });
  }
}

/** `compartments.notify.gates["desk:out#send"]`, `links[2].to`. Text from the manifest is escaped and cut. */
function formatPath(path: Path): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else if (/^[A-Za-z][\w-]{0,63}$/.test(step)) text += text === '' ? step : `.${step}`;
    else text += `[${quoted(step)}]`;
  }
  return text;
}

/** Hostile text in a message: on one line, ASCII, at most 80 characters. */
export function quoted(text: string): string {
  const cut = text.length > 80 ? `${text.slice(0, 79)}…` : text;
  return JSON.stringify(cut).replace(
    /[^\x20-\x7e…]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
