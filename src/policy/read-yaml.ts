import { Composer, type CST, isMap, isScalar, isSeq, Lexer, LineCounter, type ParsedNode, Parser } from 'yaml';
import { DOCUMENT_LIMITS } from './defaults.ts';
import { findUnprintable } from './printable.ts';
import { type Problems, quoted } from './problems.ts';
import { type Path, type Place, type Places, Source, type Tree } from './source.ts';

const REFUSED_TOKENS: Readonly<Record<string, string>> = {
  anchor: 'anchors are refused — write the value out where it is used',
  alias: 'aliases are refused — write the value out',
  tag: 'YAML tags are refused — write a plain value',
  directive: 'YAML directives are refused — leave the line out',
};

/**
 * YAML or JSON (which is YAML too) to a tree with places. Anchors, aliases, tags, directives, merge keys and further
 * documents are refused before anything is built from them, so none can multiply. Returns null when problems were found.
 */
export function readYaml(text: string, problems: Problems): Source | null {
  const lines = new LineCounter();
  const reader = new YamlReader(lines, problems);
  const body = text.startsWith('\ufeff') ? text.slice(1) : text; // harmless: editors on Windows write it
  return reader.read(body);
}

class YamlReader {
  readonly #lines: LineCounter;
  readonly #problems: Problems;
  readonly #places = new Map<object, Map<string | number, Places>>();
  #nodes = 0;

  constructor(lines: LineCounter, problems: Problems) {
    this.#lines = lines;
    this.#problems = problems;
  }

  read(text: string): Source | null {
    this.#countLines(text);
    if (!this.#isWithinSize(text) || !this.#isPrintable(text)) return null;
    const tokens = this.#parse(text);
    if (tokens === null || !this.#isPlain(tokens)) return null;
    const options = { prettyErrors: false, uniqueKeys: false, stringKeys: true, logLevel: 'silent' } as const;
    const [document] = new Composer(options).compose(tokens, true, text.length);
    for (const { code, pos, message } of document?.errors.slice(0, DOCUMENT_LIMITS.maxProblems) ?? []) {
      const place = this.#placeAt(pos[0]);
      if (code === 'NON_STRING_KEY')
        this.#problems.addAt('MANIFEST_TYPE', place, [], 'a key is a map or list — write text');
      else this.#problems.addAt('MANIFEST_SYNTAX', place, [], `${message} — correct the YAML here or just before`);
    }
    if (!this.#problems.isEmpty) return null;
    const root = this.#build((document?.contents ?? null) as ParsedNode | null, []);
    return this.#problems.isEmpty ? new Source(root, this.#places) : null;
  }

  #isWithinSize(text: string): boolean {
    const { maxBytes } = DOCUMENT_LIMITS;
    if (text.length <= maxBytes && Buffer.byteLength(text) <= maxBytes) return true;
    this.#problems.addAt(
      'MANIFEST_LIMIT',
      { line: 1, column: 1 },
      [],
      `larger than ${maxBytes} bytes — move WIT texts into files`,
    );
    return false;
  }

  #isPrintable(text: string): boolean {
    const at = findUnprintable(text);
    if (at < 0) return true;
    const advice = `the character ${quoted(text.charAt(at))} is refused — take it out`;
    this.#problems.addAt('MANIFEST_SYNTAX', this.#placeAt(at), [], advice);
    return false;
  }

  /** The concrete syntax, piece by piece, so that a document of too many pieces costs no more than a large one. */
  #parse(text: string): CST.Token[] | null {
    const parser = new Parser();
    const tokens: CST.Token[] = [];
    let count = 0;
    for (const piece of new Lexer().lex(text)) {
      if (++count > DOCUMENT_LIMITS.maxTokens) {
        this.#problems.addAt(
          'MANIFEST_LIMIT',
          this.#placeAt(parser.offset),
          [],
          `more than ${DOCUMENT_LIMITS.maxTokens} pieces of YAML — shorten it`,
        );
        return null;
      }
      for (const token of parser.next(piece)) tokens.push(token);
    }
    for (const token of parser.end()) tokens.push(token);
    return tokens;
  }

  /** Walks the concrete syntax without recursion: the composer after it is recursive, and would run out of stack. */
  #isPlain(tokens: readonly CST.Token[]): boolean {
    const { maxDepth } = DOCUMENT_LIMITS;
    let documents = 0;
    const work: { token: CST.Token; depth: number }[] = tokens.map((token) => ({ token, depth: 0 })).reverse();
    for (let next = work.pop(); next !== undefined; next = work.pop()) {
      const { token, depth } = next;
      const refusal = REFUSED_TOKENS[token.type];
      if (refusal !== undefined) this.#refuse(token.offset, refusal);
      if (token.type === 'document' && ++documents === 2)
        this.#refuse(token.offset, 'a second document is refused — keep one');
      if (depth > maxDepth) {
        this.#problems.addAt(
          'MANIFEST_LIMIT',
          this.#placeAt(token.offset),
          [],
          `nested deeper than ${maxDepth} — flatten it`,
        );
        return false;
      }
      const inner = depth + ('items' in token ? 1 : 0);
      for (const child of childrenOf(token).reverse()) work.push({ token: child, depth: inner });
    }
    return this.#problems.isEmpty;
  }

  #refuse(offset: number, text: string): void {
    this.#problems.addAt('MANIFEST_YAML_FEATURE', this.#placeAt(offset), [], text);
  }

  #build(node: ParsedNode | null, path: Path): Tree {
    if (++this.#nodes > DOCUMENT_LIMITS.maxNodes) {
      if (this.#nodes === DOCUMENT_LIMITS.maxNodes + 1) {
        this.#problems.addAt(
          'MANIFEST_LIMIT',
          this.#placeAt(node?.range[0] ?? 0),
          path,
          `more than ${DOCUMENT_LIMITS.maxNodes} values — shorten it`,
        );
      }
      return null;
    }
    if (isMap(node)) return this.#buildMap(node.items as { key: ParsedNode; value: ParsedNode | null }[], path);
    if (isSeq(node)) return this.#buildList(node.items as ParsedNode[], path);
    if (!isScalar(node)) return null;
    return this.#scalar(node.value, node.range[0], path);
  }

  #buildMap(items: readonly { key: ParsedNode; value: ParsedNode | null }[], path: Path): Tree {
    const map: Record<string, Tree> = Object.create(null);
    const places = new Map<string | number, Places>();
    this.#places.set(map, places);
    for (const { key, value } of items) {
      const name = isScalar(key) ? String(key.value) : '';
      const keyPlace = this.#placeAt(key.range[0]);
      const at = [...path, name];
      if (name === '<<') {
        this.#problems.addAt('MANIFEST_YAML_FEATURE', keyPlace, at, 'merge keys are refused — write the keys out');
      } else if (name === '__proto__') {
        this.#problems.addAt('MANIFEST_UNKNOWN_KEY', keyPlace, at, 'this key is refused everywhere — take it out');
      } else if (places.has(name)) {
        const { line } = places.get(name)?.key ?? keyPlace;
        this.#problems.addAt(
          'MANIFEST_DUPLICATE_KEY',
          keyPlace,
          at,
          `the key stands on line ${line} already — keep one`,
        );
      } else {
        const isEmpty = value === null || (isScalar(value) && value.source === '');
        places.set(name, { key: keyPlace, value: isEmpty ? keyPlace : this.#placeAt(value.range[0]) });
        map[name] = this.#build(value, at);
      }
    }
    return map;
  }

  #buildList(items: readonly ParsedNode[], path: Path): Tree {
    const list: Tree[] = [];
    const places = new Map<string | number, Places>();
    this.#places.set(list, places);
    for (const [index, item] of items.entries()) {
      const place = this.#placeAt(item.range[0]);
      places.set(index, { key: place, value: place });
      list.push(this.#build(item, [...path, index]));
    }
    return list;
  }

  #scalar(value: unknown, offset: number, path: Path): Tree {
    if (typeof value === 'string') {
      // Only an escape in double quotes can bring these in: the text itself was checked before.
      if (findUnprintable(value) < 0) return value;
      this.#problems.addAt(
        'MANIFEST_VALUE',
        this.#placeAt(offset),
        path,
        'an unprintable character is refused — take the escape out',
      );
    } else if (typeof value === 'number' || typeof value === 'boolean') return value;
    return null;
  }

  #countLines(text: string): void {
    this.#lines.addNewLine(0);
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) this.#lines.addNewLine(at + 1);
  }

  #placeAt(offset: number): Place {
    const { line, col } = this.#lines.linePos(offset);
    return { line, column: col };
  }
}

function childrenOf(token: CST.Token): CST.Token[] {
  const children: CST.Token[] = [];
  const add = (more: CST.Token | readonly CST.Token[] | null | undefined): void => {
    if (Array.isArray(more)) children.push(...(more as readonly CST.Token[]));
    else if (more !== null && more !== undefined) children.push(more as CST.Token);
  };
  if ('start' in token && Array.isArray(token.start)) add(token.start as CST.Token[]);
  if ('props' in token) add(token.props);
  if ('items' in token) {
    for (const item of token.items) {
      add(item.start);
      add(item.key);
      add(item.sep);
      add(item.value);
    }
  }
  if ('value' in token) add(token.value);
  if ('end' in token) add(token.end);
  return children;
}
