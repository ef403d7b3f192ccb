import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { hashGuest, LOCK_FILE, type Locked, readLock, staleGuests } from './lock.ts';
import { RECIPES, type Recipe } from './recipes.ts';

// `npm run guests` builds the guests whose sources changed; `npm run guests -- --all` builds every one. The toolchains
// of npm are installed here, under guests/node_modules; C needs Debian's clang.

const FOLDER = fileURLToPath(new URL('.', import.meta.url));
const DEBIAN = 'clang-19 lld-19 wasi-libc libclang-rt-19-dev-wasm32';

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
  if (todo.some(({ tool }) => tool === 'clang-19') && !isRunnable('clang-19')) {
    throw new Error(`clang-19 is missing, which C guests need - on Debian: apt-get install ${DEBIAN}`);
  }
  if (todo.some(({ tool }) => tool !== 'clang-19')) {
    execFileSync('npm', ['install', '--no-audit', '--no-fund'], { cwd: FOLDER, stdio: 'inherit' });
  }
}

function build({ tool, sources, wasm, args }: Recipe): void {
  const values: Record<string, string> = { '{in}': sources[0] ?? '', '{out}': wasm };
  const command = tool === 'clang-19' ? tool : `./node_modules/.bin/${tool}`;
  execFileSync(
    command,
    args.map((arg) => values[arg] ?? arg),
    { cwd: FOLDER, stdio: ['ignore', 'inherit', 'inherit'] },
  );
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
