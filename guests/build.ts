import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { hashGuest, LOCK_FILE, type Locked, readLock, staleGuests } from './lock.ts';
import { RECIPES, type Recipe } from './recipes.ts';

// `npm run guests` builds the guests whose sources changed; `npm run guests -- --all` builds every one. The toolchains
// of npm are installed here, under guests/node_modules; C and Rust need Debian's compilers.

const FOLDER = fileURLToPath(new URL('.', import.meta.url));
/** Commands of Debian's compilers, by tool, and the packages that have them. */
const DEBIAN: Readonly<Record<string, { readonly command: string; readonly packages: string }>> = {
  'clang-19': { command: 'clang-19', packages: 'clang-19 lld-19 wasi-libc libclang-rt-19-dev-wasm32' },
  // Its full path: another rustc may stand before it.
  rustc: { command: '/usr/bin/rustc', packages: 'rustc libstd-rust-dev-wasm32 lld-14' },
};

function main(): void {
  const lock: Record<string, Locked> = existsSync(LOCK_FILE) ? { ...readLock() } : {};
  const todo = process.argv.includes('--all') ? RECIPES : staleGuests(lock).map(({ recipe }) => recipe);
  if (todo.length === 0) {
    console.log('All guests are up to date.');
    return;
  }
  installTools(todo);
  for (const recipe of todo) {
    build(recipe);
    lock[recipe.name] = hashGuest(recipe);
    writeLock(lock);
    console.log(`built ${recipe.name}`);
  }
}

function installTools(todo: readonly Recipe[]): void {
  for (const [tool, { command, packages }] of Object.entries(DEBIAN)) {
    if (todo.every((recipe) => recipe.tool !== tool) || isRunnable(command)) continue;
    throw new Error(`${command} is missing, which some guests need - on Debian: apt-get install ${packages}`);
  }
  if (todo.some(({ tool }) => DEBIAN[tool] === undefined)) {
    execFileSync('npm', ['install', '--no-audit', '--no-fund'], { cwd: FOLDER, stdio: 'inherit' });
  }
}

function build({ tool, sources, wasm, args }: Recipe): void {
  const values: Record<string, string> = { '{in}': sources[0] ?? '', '{out}': wasm };
  const isScript = tool === 'componentize';
  const command = isScript ? process.execPath : (DEBIAN[tool]?.command ?? `./node_modules/.bin/${tool}`);
  execFileSync(command, [...(isScript ? ['componentize.ts'] : []), ...args.map((arg) => values[arg] ?? arg)], {
    cwd: FOLDER,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
}

function isRunnable(command: string): boolean {
  try {
    execFileSync(command, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Only guests that still exist, sorted, so that the file changes where a guest does. */
function writeLock(lock: Record<string, Locked>): void {
  const names = RECIPES.map(({ name }) => name).filter((name) => lock[name] !== undefined);
  writeFileSync(
    LOCK_FILE,
    `${JSON.stringify(Object.fromEntries(names.sort().map((name) => [name, lock[name]])), null, 2)}\n`,
  );
}

main();
