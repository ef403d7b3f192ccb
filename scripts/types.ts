import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { type DeclarationFile, parseDeclarations, type Specifier } from './declaration-file.ts';

/**
 * Declarations of what `index.ts` exports, and of what those mention, into `target`: nothing else of the program, so that
 * a user's compiler needs none of the packages that are bundled.
 */
export async function emitTypes(root: URL, target: URL): Promise<void> {
  const all = await mkdtemp(join(tmpdir(), 'cofferdam-types-'));
  try {
    const tsc = fileURLToPath(new URL('node_modules/.bin/tsc', root));
    await promisify(execFile)(tsc, ['-p', 'scripts/tsconfig.types.json', '--outDir', all], {
      cwd: fileURLToPath(root),
    });
    const types = new PublicTypes(pathToFileURL(`${all}/`));
    await types.needAll('index.ts');
    await types.write(target);
  } catch (error) {
    // The compiler says on stdout what is wrong.
    const { stdout } = error as { stdout?: string };
    throw stdout ? new Error(stdout) : error;
  } finally {
    await rm(all, { recursive: true });
  }
}

/** What of each file is needed, found by following names. Files are named by their sources: `label/index.ts`. */
class PublicTypes {
  readonly #from: URL;
  readonly #files = new Map<string, DeclarationFile>();
  readonly #needed = new Map<string, Set<string>>();

  constructor(from: URL) {
    this.#from = from;
  }

  async needAll(path: string): Promise<void> {
    const { statements, forwards } = await this.#file(path);
    for (const { name } of statements) await this.#need(path, name);
    for (const { from, names } of forwards) {
      if (names === null) await this.needAll(join(path, '..', from));
      else for (const name of names.keys()) await this.#need(path, name);
    }
  }

  async write(target: URL): Promise<void> {
    for (const [path, names] of this.#needed) {
      const output = new URL(path.replace(/\.ts$/, '.d.ts'), target);
      await mkdir(new URL('.', output), { recursive: true });
      await writeFile(output, render(await this.#file(path), names));
    }
  }

  async #file(path: string): Promise<DeclarationFile> {
    const known = this.#files.get(path);
    if (known) return known;
    const text = await readFile(new URL(path.replace(/\.ts$/, '.d.ts'), this.#from), 'utf8');
    const file = parseDeclarations(text);
    this.#files.set(path, file);
    return file;
  }

  /** A name that the file declares, imports or forwards; false for one that is none of them (a parameter, a global). */
  async #need(path: string, name: string): Promise<boolean> {
    const needed = this.#needed.get(path) ?? new Set();
    if (needed.has(name)) return true;
    const { imports, forwards, statements } = await this.#file(path);
    const own = statements.filter((statement) => statement.name === name);
    const origin = imports.get(name);
    const forward = forwards.find(({ names }) => names?.has(name));
    if (own.length === 0 && !origin && !forward) return await this.#needFromAll(path, name);
    this.#needed.set(path, needed.add(name));
    for (const { text } of own) for (const word of wordsOf(text)) await this.#need(path, word);
    if (origin?.from.startsWith('.')) await this.#needThere(path, origin.from, origin.name);
    if (forward) await this.#needThere(path, forward.from, forward.names?.get(name)?.name ?? name);
    return true;
  }

  async #needThere(path: string, from: string, name: string): Promise<void> {
    if (await this.#need(join(path, '..', from), name)) return;
    throw new Error(`${path} takes ${name} from ${from}, which does not have it`);
  }

  async #needFromAll(path: string, name: string): Promise<boolean> {
    for (const { from, names } of (await this.#file(path)).forwards) {
      if (names !== null || !(await this.#need(join(path, '..', from), name))) continue;
      this.#needed.set(path, (this.#needed.get(path) ?? new Set()).add(name));
      return true;
    }
    return false;
  }
}

function wordsOf(statement: string): Set<string> {
  const code = statement.replace(/\/\*.*?\*\//gs, '');
  if (/\bimport\(/.test(code))
    throw new Error(`an import inside a type: name its type in an import statement\n${code}`);
  return new Set(code.match(/\b[A-Za-z_$][\w$]*/g));
}

function render({ imports, forwards, statements }: DeclarationFile, needed: ReadonlySet<string>): string {
  const taken = [...imports].filter(([own]) => needed.has(own));
  const passed = forwards.flatMap(({ from, names }) =>
    names === null
      ? [`export * from '${built(from)}';`]
      : forwardLines(
          from,
          [...names].filter(([name]) => needed.has(name)),
        ),
  );
  return [
    ...taken.map(([own, { from, name }]) => `import type { ${renamed(name, own)} } from '${built(from)}';`),
    ...passed,
    ...statements.filter(({ name }) => needed.has(name)).map(({ text }) => text),
    'export {};\n',
  ].join('\n');
}

function forwardLines(from: string, names: readonly (readonly [string, Specifier])[]): string[] {
  const list = names.map(([alias, { name, isType }]) => `${isType ? 'type ' : ''}${renamed(name, alias)}`);
  return list.length === 0 ? [] : [`export { ${list.join(', ')} } from '${built(from)}';`];
}

function renamed(name: string, own: string): string {
  return name === own ? name : `${name} as ${own}`;
}

/** The compiler leaves the ending of a source in a declaration. */
function built(from: string): string {
  return from.startsWith('.') ? from.replace(/\.ts$/, '.js') : from;
}
