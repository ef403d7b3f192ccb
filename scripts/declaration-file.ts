/** One `.d.ts` file as the compiler writes it: each statement begins at the start of a line, and what belongs to it doesn't. */
export interface DeclarationFile {
  /** By the name that it is known by in this file. */
  readonly imports: ReadonlyMap<string, Origin>;
  /** `export { … } from` and `export * from`. */
  readonly forwards: readonly Forward[];
  readonly statements: readonly Statement[];
}

export interface Origin {
  /** As written: `../label/index.ts`, `node:sqlite`. */
  readonly from: string;
  /** Its name there. */
  readonly name: string;
}

export interface Forward {
  readonly from: string;
  /** By exported name; null for all. */
  readonly names: ReadonlyMap<string, Specifier> | null;
}

export interface Specifier {
  /** Its name where it comes from. */
  readonly name: string;
  /** Only its type: a class passed on so cannot be constructed. */
  readonly isType: boolean;
}

export interface Statement {
  readonly name: string;
  /** With its comment. */
  readonly text: string;
}

const BEGINS = /^(?:export|import|declare|type|interface|abstract|class)\b/;
const DECLARES = /^(?:export )?(?:declare )?(?:abstract )?(?:class|function|const|let|type|interface|enum) (\w+)/m;
const FORWARDS = /^export (type )?(?:\{([^}]*)\}|\*) from ['"]([^'"]+)['"];$/m;
const IMPORTS = /^import (?:type )?\{([^}]*)\} from ['"]([^'"]+)['"];$/m;

/** Throws for what the compiler has not written so far, rather than to leave something out. */
export function parseDeclarations(text: string): DeclarationFile {
  const imports = new Map<string, Origin>();
  const forwards: Forward[] = [];
  const statements: Statement[] = [];
  for (const statement of split(text)) {
    const [, type, list, from] = FORWARDS.exec(statement) ?? [];
    const [, imported = '', source] = IMPORTS.exec(statement) ?? [];
    const [, name] = DECLARES.exec(statement) ?? [];
    if (from !== undefined)
      forwards.push({ from, names: list === undefined ? null : specifiers(list, type !== undefined) });
    else if (source !== undefined)
      for (const [own, { name: its }] of specifiers(imported, true)) imports.set(own, { from: source, name: its });
    else if (name !== undefined) statements.push({ name, text: statement });
    else if (!/^export \{\s*\};$/m.test(statement)) throw new Error(`a statement that is not understood: ${statement}`);
  }
  return { imports, forwards, statements };
}

/** Statements with the comments in front of them. */
function split(text: string): string[] {
  const statements: string[] = [];
  let comment = '';
  for (const line of text.split('\n')) {
    if (BEGINS.test(line)) {
      statements.push(comment + line);
      comment = '';
    } else if (line.startsWith('/*') || (comment !== '' && line.startsWith(' *'))) comment += `${line}\n`;
    else if (line !== '' && !line.startsWith('//')) statements.push(`${statements.pop()}\n${line}`);
  }
  return statements;
}

/** `A, type B as C`, by the name behind `as`. */
function specifiers(list: string, areTypes: boolean): Map<string, Specifier> {
  const parts = list.split(',').map((part) => part.trim());
  return new Map(
    parts
      .filter((part) => part !== '')
      .map((part) => {
        const [name = '', alias = name] = part.replace(/^type /, '').split(' as ');
        return [alias, { name, isType: areTypes || part.startsWith('type ') }];
      }),
  );
}
