import { readFileSync } from 'node:fs';
import { adoptScript, loadJco, type Transpiled } from '../jco.ts';

// node load-jco.js cold VERSION LARGE.WASM FOLDER: transpiles, loads and calls. node load-jco.js cached VERSION SCRIPT: loads
// what was transpiled. Both print the nanoseconds, from after the transpiler was imported.

const [mode, version, file = '', folder = ''] = process.argv.slice(2);
if (version !== '1.35' && version !== '1.10') throw new Error(`there is no version ${version}`);
let start = process.hrtime.bigint();
let code: Pick<Transpiled, 'instantiate'>;
if (mode === 'cached') {
  code = await adoptScript(file);
} else {
  const jco = await loadJco(version, folder);
  start = process.hrtime.bigint();
  code = await jco.transpile(readFileSync(file), 'large');
}
const { probe } = code.instantiate() as { probe: (n: number) => number };
if (probe(7) !== 21) throw new Error('the guest answers wrongly');
console.log(String(process.hrtime.bigint() - start));
