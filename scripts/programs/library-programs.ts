import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { digest, type Exports, importFresh, programFile, requireFresh, rootFile } from './packages.ts';
import type { Program } from './program.ts';

/** Text of some size, the same in every run. */
const TEXT = ['fast-check/README.md', 'picomatch/README.md']
  .map((path) => readFileSync(rootFile(`node_modules/${path}`), 'utf8'))
  .join('\n');
const JSON_TEXT = JSON.stringify(
  Array.from({ length: 1500 }, (_, i) => ({ id: i, tags: ['a', `b${i}`], on: i % 3 === 0 })),
);
const TOML_TEXT = Array.from({ length: 800 }, (_, i) => `[a.b${i}]\nx=${i}\ny = [1,2, 3,\n${i}]\nz="text"`).join('\n');

/** A library: `make` loads it anew, and gives what runs it. */
function library(
  name: string,
  made: string,
  make: () => Promise<() => unknown>,
  modules: Program['modules'] = 'one',
): Program {
  return {
    name,
    made,
    modules,
    load: async () => {
      let run = await make();
      return {
        fresh: async () => {
          run = await make();
        },
        run: async () => {
          const output = await run();
          return digest(output instanceof Uint8Array ? output : String(output));
        },
      };
    },
  };
}

/** `plugin` is where its Wasm is; formats a text often enough to be measured. */
function dprint(name: string, plugin: string, filePath: string, fileText: string, times: number): Program {
  return library(`dprint ${name}`, 'Rust', async () => {
    const { createFromBuffer } = await importFresh(programFile('@dprint/formatter/esm/mod.js'));
    const formatter = createFromBuffer(readFileSync(plugin));
    return () => {
      let output = '';
      for (let i = 0; i < times; i++) output = formatter.formatText({ filePath, fileText: `${fileText}\n` });
      return output;
    };
  });
}

export const ROOT_PROGRAMS: readonly Program[] = [
  library(
    'HACL*',
    'F*, 59 modules',
    async () => {
      const api = requireFresh(rootFile('node_modules/hacl-wasm/api.js'));
      const hacl = await api.getInitializedHaclModule();
      const key = new Uint8Array(32).fill(7);
      return () => {
        let point: Uint8Array = new Uint8Array(32).fill(9);
        for (let i = 0; i < 40; i++) [, point] = hacl.Curve25519_51.ecdh(key, point);
        return Buffer.from(point).toString('hex');
      };
    },
    'several',
  ),
  library(
    'wasm-tools',
    'Rust, a component of several modules',
    async () => {
      const tools = await importFresh(rootFile('node_modules/@bytecodealliance/jco-transpile/vendor/wasm-tools.js'));
      await tools.$init;
      const component = readFileSync(rootFile('guests/count/count.component.wasm'));
      return () => tools.tools.print(component);
    },
    'several',
  ),
];

export const LIBRARY_PROGRAMS: readonly Program[] = [
  dprint('json', programFile('@dprint/json/plugin.wasm'), 'a.json', JSON_TEXT, 3),
  dprint('toml', programFile('@dprint/toml/plugin.wasm'), 'a.toml', TOML_TEXT, 3),
  dprint('markdown', programFile('@dprint/markdown/plugin.wasm'), 'a.md', TEXT, 8),
  library('llhttp', 'C', async () => {
    const wasm = new WebAssembly.Module(requireFresh(programFile('undici/lib/llhttp/llhttp_simd-wasm.js')));
    let seen = 0;
    const count = (...args: number[]) => {
      seen = (seen * 31 + (args[2] ?? 1)) | 0;
      return 0;
    };
    const env: Record<string, WebAssembly.ImportFunction> = Object.fromEntries(
      WebAssembly.Module.imports(wasm)
        .filter(({ module }) => module === 'env')
        .map(({ name }) => [name, count]),
    );
    const { exports } = new WebAssembly.Instance(wasm, { env }) as { exports: Exports };
    const headers = Array.from({ length: 40 }, (_, i) => `x-header-${i}: ${'value '.repeat(i % 9)}\r\n`).join('');
    const message = Buffer.from(`HTTP/1.1 200 OK\r\n${headers}content-length: 5\r\n\r\nhello`);
    return () => {
      seen = 0;
      const parser = exports.llhttp_alloc(2);
      const at = exports.malloc(message.length);
      new Uint8Array(exports.memory.buffer).set(message, at);
      for (let i = 0; i < 30_000; i++) exports.llhttp_execute(parser, at, message.length);
      exports.free(at);
      exports.llhttp_free(parser);
      return seen;
    };
  }),
  library('as-sha256', 'AssemblyScript, SIMD', async () => {
    const { digest: sha256 } = await importFresh(programFile('@chainsafe/as-sha256/lib/index.js'));
    const data = Buffer.from(TEXT.repeat(200));
    return () => sha256(data);
  }),
  library('anan-as', 'AssemblyScript', async () => {
    const anan = await importFresh(programFile('@fluffylabs/anan-as/dist/build/release.js'));
    const code = Array.from({ length: 6000 }, (_, i) => (i * 37 + (i >> 3)) & 0xff);
    return () => anan.disassemble([0, 0, ...code.slice(0, 100), ...code], 0, 0).length + anan.disassemble(code, 0, 0);
  }),
  library('QuickJS', 'C, Emscripten', async () => {
    const core = await importFresh(programFile('quickjs-emscripten-core/dist/index.mjs'));
    const variant = await importFresh(programFile('@jitl/quickjs-wasmfile-release-sync/dist/index.mjs'));
    const quickjs = await core.newQuickJSWASMModuleFromVariant(variant.default);
    const source = `
      const primes = []; for (let n = 2; primes.length < 1200; n++) if (primes.every((p) => n % p)) primes.push(n);
      const map = new Map(); for (let i = 0; i < 20000; i++) map.set('k' + (i % 700), i);
      JSON.stringify([primes.at(-1), [...map].sort().slice(0, 20), 'abc'.repeat(300).replace(/b(c)/g, '$1$1').length])`;
    return () => quickjs.evalCode(source);
  }),
  library('zstd', 'C, Emscripten', async () => {
    const zstd = requireFresh(programFile('@bokuweb/zstd-wasm/dist/common/index.node.js'));
    await zstd.init();
    const data = Buffer.from(TEXT.repeat(4));
    return () => zstd.compress(data, 12);
  }),
  library('brotli', 'Rust', async () => {
    const brotli = requireFresh(programFile('brotli-wasm/index.node.js'));
    const data = Buffer.from(TEXT);
    return () => brotli.compress(data, { quality: 9 });
  }),
  library('resvg', 'Rust', async () => {
    const resvg = requireFresh(programFile('@resvg/resvg-wasm/index.js'));
    await resvg.initWasm(readFileSync(programFile('@resvg/resvg-wasm/index_bg.wasm')));
    const shapes = Array.from(
      { length: 150 },
      (_, i) =>
        `<path d="M${i * 3} ${i} q 40 ${i} 90 ${200 - i} t 60 -30 z" fill="hsl(${i * 2} 70% 50%)" opacity="0.4"/>`,
    );
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="600" height="400">${shapes.join('')}</svg>`;
    return () => new resvg.Resvg(svg).render().asPng();
  }),
  library('SQLite', 'C, Emscripten', async () => {
    const initSqlJs = requireFresh(programFile('sql.js/dist/sql-wasm.js'));
    const { Database } = await initSqlJs();
    return () => {
      const db = new Database();
      db.run('create table t (a integer primary key, b text, c real)');
      db.run(`with recursive n(i) as (select 1 union all select i + 1 from n where i < 20000)
        insert into t select i, 'name' || (i * 7919 % 1000), i * 1.5 from n`);
      const rows = db.exec('select b, count(*), sum(c) from t group by b order by 3 desc, 1 limit 50');
      db.close();
      return JSON.stringify(rows);
    };
  }),
  library('Lua', 'C, Emscripten', async () => {
    const { LuaFactory } = requireFresh(programFile('wasmoon/dist/index.js'));
    const lua = await new LuaFactory().createEngine();
    const source = `
      local t, s = {}, 0
      for i = 1, 60000 do t[i] = (i * 7919) % 10007 end
      table.sort(t)
      for i, v in ipairs(t) do s = (s + i * v) % 1000003 end
      local words = {} for w in (("the quick brown fox "):rep(2000)):gmatch("%a+") do words[w] = (words[w] or 0) + 1 end
      return s + words.fox`;
    return () => lua.doStringSync(source);
  }),
  library('Graphviz', 'C++, Emscripten', async () => {
    const { Graphviz } = await importFresh(programFile('@hpcc-js/wasm-graphviz/dist/index.js'));
    const graphviz = await Graphviz.load();
    const edges = Array.from({ length: 90 }, (_, i) => `n${i % 40} -> n${(i * 7 + 3) % 40};`);
    return () => graphviz.dot(`digraph { ${edges.join(' ')} }`);
  }),
  library('Perl', 'C, WASI', async () => {
    const { ZeroPerl } = await importFresh(programFile('@6over3/zeroperl-ts/dist/esm/index.js'));
    let output = '';
    const fetch = () => new Response(readFileSync(programFile('@6over3/zeroperl-ts/dist/esm/zeroperl.wasm')));
    const perl = await ZeroPerl.create({
      fetch,
      stdout: (text: string | Uint8Array) => {
        output += Buffer.from(text as string);
      },
    });
    const source = `my %n; for my $i (1..30000) { $n{"k" . ($i % 977)} += $i; }
      my $t = join ",", map { "$_=$n{$_}" } sort keys %n; $t =~ s/k(\\d+)=/<$1>/g; print length($t), substr($t, 0, 200);`;
    return async () => {
      output = '';
      await perl.eval(source);
      perl.flush();
      return output;
    };
  }),
  library('Ruby', 'C, WASI', async () => {
    const require = createRequire(programFile('@ruby/wasm-wasi/package.json'));
    const { DefaultRubyVM } = require('./dist/cjs/node.js') as Exports;
    const module = await WebAssembly.compile(readFileSync(programFile('@ruby/3.4-wasm-wasi/dist/ruby+stdlib.wasm')));
    const { vm } = await DefaultRubyVM(module);
    const source = `a = (1..30000).map { |i| (i * 7919) % 10007 }.sort.each_slice(7).map(&:sum)
      h = Hash.new(0); a.each { |v| h[v % 97] += v }; h.sort.first(20).inspect + a.join.gsub(/1(2|3)/, 'x').length.to_s`;
    return () => vm.eval(source).toString();
  }),
];
