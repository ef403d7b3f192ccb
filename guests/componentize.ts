import { readFileSync, writeFileSync } from 'node:fs';
import { componentEmbed, componentNew } from '@bytecodealliance/jco-transpile/wasm-tools';

// Makes a component of a core module that speaks the canonical ABI:
//
//   node componentize.ts IN.wasm WIT WORLD OUT.wasm [reactor|command]
//
// The last argument adds jco's adapter from WASI preview 1 to WASI 0.2.

const [input = '', wit = '', world = '', output = '', adapter] = process.argv.slice(2);
const adapters: [string, Uint8Array][] = [];
if (adapter !== undefined) {
  const file = `node_modules/@bytecodealliance/jco/lib/wasi_snapshot_preview1.${adapter}.wasm`;
  adapters.push(['wasi_snapshot_preview1', readFileSync(file)]);
}
const binary = await componentEmbed({
  binary: readFileSync(input),
  witSource: readFileSync(wit, 'utf8'),
  world,
});
writeFileSync(output, await componentNew(binary, adapters));
