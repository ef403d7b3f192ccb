/** The part of the WebAssembly script format (.wast) that a development script needs: commands as nested lists of tokens. */
export type Sexp =
  | { readonly kind: 'list'; readonly items: readonly Sexp[]; readonly start: number; readonly end: number }
  | Atom;

export interface Atom {
  readonly kind: 'atom' | 'string';
  /** As written; a string with its quotes and escapes. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** The top-level lists of a script. Throws on unbalanced parentheses. */
export function readScript(text: string): Extract<Sexp, { kind: 'list' }>[] {
  const commands: Extract<Sexp, { kind: 'list' }>[] = [];
  const stack: { start: number; items: Sexp[] }[] = [];
  const token = /\s+|;;[^\n]*|\(;|"(?:[^"\\]|\\.)*"|[()]|[^\s()";]+/gy;
  while (token.lastIndex < text.length) {
    const start = token.lastIndex;
    const found = token.exec(text)?.[0];
    if (found === undefined) throw new Error(`unreadable at ${start}`);
    const end = token.lastIndex;
    if (found === '(;') token.lastIndex = endOfComment(text, end);
    else if (found === '(') stack.push({ start, items: [] });
    else if (found === ')') {
      const open = stack.pop();
      if (open === undefined) throw new Error(`unbalanced at ${start}`);
      const list = { kind: 'list', items: open.items, start: open.start, end } as const;
      (stack.at(-1)?.items ?? commands).push(list);
    } else if (!/^(?:\s|;;)/.test(found)) {
      stack.at(-1)?.items.push({ kind: found.startsWith('"') ? 'string' : 'atom', text: found, start, end });
    }
  }
  return commands;
}

/** Block comments nest. */
function endOfComment(text: string, from: number): number {
  let depth = 1;
  const mark = /\(;|;\)/g;
  mark.lastIndex = from;
  while (depth > 0) {
    const found = mark.exec(text)?.[0];
    if (found === undefined) throw new Error('a comment does not end');
    depth += found === '(;' ? 1 : -1;
  }
  return mark.lastIndex;
}

/** The bytes of a string literal. */
export function stringBytes({ text }: Atom): Buffer {
  const parts = text.slice(1, -1).match(/\\u\{[0-9a-fA-F_]+\}|\\[0-9a-fA-F]{2}|\\.|[^\\]+/gs) ?? [];
  return Buffer.concat(parts.map(partBytes));
}

function partBytes(part: string): Buffer {
  if (!part.startsWith('\\')) return Buffer.from(part);
  if (part.startsWith('\\u')) return Buffer.from(String.fromCodePoint(Number.parseInt(part.slice(3, -1), 16)));
  if (part.length === 3) return Buffer.from([Number.parseInt(part.slice(1), 16)]);
  const simple: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' };
  return Buffer.from(simple[part[1] ?? ''] ?? part[1] ?? '');
}
