import { readFileSync } from 'node:fs';
import { loadJco } from '../jco.ts';
import { Peers } from '../peers.ts';
import { adoptScript } from '../transpiled.ts';

// node load-jco.js cold VERSION LARGE.WASM PEERS FOLDER: imports the transpiler, transpiles, loads and calls, as our worker
// imports its decoders. node load-jco.js cached VERSION SCRIPT: loads what was transpiled. Prints the nanoseconds.

const [mode, version, file = '', peers = '', folder = ''] = process.argv.slice(2);
if (version !== '1.35' && version !== '1.10') throw new Error(`there is no version ${version}`);
const start = process.hrtime.bigint();
const code =
  mode === 'cached'
    ? await adoptScript(file)
    : await (await loadJco(version, new Peers(peers), folder)).transpile(readFileSync(file), 'large');
const { probe } = code.instantiate() as { probe: (n: number) => number };
if (probe(7) !== 21) throw new Error('the guest answers wrongly');
console.log(String(process.hrtime.bigint() - start));
