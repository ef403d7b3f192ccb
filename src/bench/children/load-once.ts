import { loadCode } from '../../host/code.ts';
import { parseManifest } from '../../policy/index.ts';

// node load-once.js FOLDER CACHE [own]: loads `large.wasm` of a folder, makes an instance and calls it; prints the
// nanoseconds. `own`: without a second opinion.

const [folder = '', cacheDir = '', opinion = ''] = process.argv.slice(2);
const manifest = { version: 1, compartments: { large: { wasm: './large.wasm' } } };
const policy = parseManifest(manifest, { baseDir: folder }).compartments.get('large');
if (policy === undefined) throw new Error('the manifest has no large');
const start = process.hrtime.bigint();
const code = await loadCode(policy, { baseDir: folder, cacheDir, secondOpinion: opinion !== 'own' });
const instance = code.instantiate({
  call: unreachable,
  suspending: new Set(),
  interrupt: new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }),
  output: unreachable,
  nowNs: unreachable,
  random: unreachable,
});
const probe = code.world.exports.findIndex(({ id }) => id === 'probe');
if (instance.call(probe, [7]) !== 21) throw new Error('the guest answers wrongly');
console.log(String(process.hrtime.bigint() - start));

function unreachable(): never {
  throw new Error('the guest called out');
}
