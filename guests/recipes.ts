/** How each guest is built. `{out}` in a command is the Wasm file, `{in}` the first source; both relative to guests/. */
export interface Recipe {
  readonly name: string;
  /** The first is what the command compiles; all of them decide whether the Wasm is stale. */
  readonly sources: readonly string[];
  readonly wasm: string;
  readonly tool: 'asc' | 'jco' | 'clang-19' | 'rustc' | 'wat2wasm' | 'componentize';
  readonly args: readonly string[];
}

const CLANG = ['-O2', '-Wall', '-Wextra', '-Wl,--strip-all', '-o', '{out}', '{in}'];
const FREESTANDING = ['--target=wasm32', '-nostdlib', '-mbulk-memory', '-Iinclude', '-Wl,--no-entry', ...CLANG];
/** Debian's, which needs the linker of its own LLVM. */
const RUSTC = ['--target=wasm32-unknown-unknown', '--crate-type=cdylib', '-Copt-level=s', '-Clto', '-Cpanic=abort'];
const RUST = [...RUSTC, '-Cstrip=symbols', '-Clinker=wasm-ld-14', '-o', '{out}', '{in}'];
const ASC = ['{in}', '-O2', '--exportRuntime', '-o', '{out}'];
const WAT = ['{in}', '-o', '{out}'];
/** Components in WAT, which wabt does not know. */
const COMPONENT_WAT = ['parse', '{in}', '-o', '{out}'];
/** QuickJS without WASI; its `--backend-qjs-disable-async` leaves out what only WASI 0.3 hosts have. */
const QUICKJS = ['--backend', 'qjs', '--backend-qjs-stub-wasi', '--backend-qjs-disable-async', '-o', '{out}'];

const ATTACKS = [
  'bad-iovec',
  'bad-pointer',
  'deep-recursion',
  'exit',
  'hostile-realloc',
  'infinite-loop',
  'invalid-utf8',
  'loop-in-realloc',
  'loop-in-start',
  'memory-bomb',
  'output-flood',
  'reentrance',
  'remembers',
  'table-bomb',
  'trap',
  'trap-in-start',
];

export const RECIPES: readonly Recipe[] = [
  {
    name: 'summarise',
    sources: ['summarise/src/summarise.ts'],
    wasm: 'summarise/summarise.wasm',
    tool: 'asc',
    args: ASC,
  },
  {
    name: 'classify',
    sources: ['classify/src/classify.js', 'wit/desk.wit'],
    wasm: 'classify/classify.wasm',
    tool: 'jco',
    args: ['componentize', '{in}', '--cwd', '.', '--wit', 'wit/desk.wit', '-n', 'desk:text/classifier', ...QUICKJS],
  },
  {
    name: 'count',
    sources: ['count/src/count.c'],
    wasm: 'count/count.wasm',
    tool: 'clang-19',
    args: ['--target=wasm32-wasi', '-mexec-model=reactor', ...CLANG],
  },
  {
    name: 'count-component',
    sources: ['count/count.wasm', 'wit/desk.wit', 'componentize.ts'],
    wasm: 'count/count.component.wasm',
    tool: 'componentize',
    args: ['{in}', 'wit/desk.wit', 'desk:text/counter', '{out}', 'reactor'],
  },
  {
    name: 'tally',
    sources: ['tally/src/tally.rs'],
    wasm: 'tally/tally.wasm',
    tool: 'rustc',
    args: RUST,
  },
  {
    name: 'redact',
    sources: ['redact/src/redact.c', 'include/arena.h'],
    wasm: 'redact/redact.wasm',
    tool: 'clang-19',
    args: FREESTANDING,
  },
  {
    name: 'rules',
    sources: ['rules/src/rules.c', 'include/arena.h'],
    wasm: 'rules/rules.wasm',
    tool: 'clang-19',
    args: FREESTANDING,
  },
  {
    name: 'keeper',
    sources: ['keeper/src/keeper.c', 'include/arena.h'],
    wasm: 'keeper/keeper.wasm',
    tool: 'clang-19',
    args: FREESTANDING,
  },
  { name: 'notify', sources: ['notify/src/notify.wat'], wasm: 'notify/notify.wasm', tool: 'wat2wasm', args: WAT },
  { name: 'kitchen', sources: ['kitchen/src/kitchen.ts'], wasm: 'kitchen/kitchen.wasm', tool: 'asc', args: ASC },
  { name: 'starter', sources: ['starter/src/greet.ts'], wasm: 'starter/greet.wasm', tool: 'asc', args: ASC },
  { name: 'relay', sources: ['relay/src/relay.wat'], wasm: 'relay/relay.wasm', tool: 'jco', args: COMPONENT_WAT },
  { name: 'source', sources: ['source/src/source.wat'], wasm: 'source/source.wasm', tool: 'jco', args: COMPONENT_WAT },
  { name: 'sink', sources: ['sink/src/sink.wat'], wasm: 'sink/sink.wasm', tool: 'jco', args: COMPONENT_WAT },
  { name: 'both', sources: ['both/src/both.wat'], wasm: 'both/both.wasm', tool: 'jco', args: COMPONENT_WAT },
  ...ATTACKS.map(
    (name): Recipe => ({
      name: `attacks/${name}`,
      sources: [`attacks/${name}.wat`],
      wasm: `attacks/${name}.wasm`,
      tool: 'wat2wasm',
      args: WAT,
    }),
  ),
  {
    name: 'attacks/deputy',
    sources: ['attacks/deputy.c', 'include/arena.h'],
    wasm: 'attacks/deputy.wasm',
    tool: 'clang-19',
    args: FREESTANDING,
  },
  {
    name: 'attacks/careless-realloc',
    sources: ['attacks/careless-realloc.c'],
    wasm: 'attacks/careless-realloc.wasm',
    tool: 'clang-19',
    args: FREESTANDING,
  },
  {
    name: 'attacks/telemetry',
    sources: ['attacks/telemetry.ts'],
    wasm: 'attacks/telemetry.wasm',
    tool: 'asc',
    args: ASC,
  },
  {
    name: 'attacks/hidden',
    sources: ['attacks/hidden.rs'],
    wasm: 'attacks/hidden.wasm',
    tool: 'rustc',
    args: RUST,
  },
  {
    name: 'attacks/hidden-component',
    sources: ['attacks/hidden.wasm', 'wit/attacks.wit', 'componentize.ts'],
    wasm: 'attacks/hidden.component.wasm',
    tool: 'componentize',
    args: ['{in}', 'wit/attacks.wit', 'formats', '{out}'],
  },
];
