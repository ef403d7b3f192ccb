import { createHost } from '../../index.ts';

// node many-once.js JSON: makes `count` instances of the guest `small`, each at a label of its own, and prints by how many
// bytes each of them has made this process larger.

const { manifest, folder, cacheDir, count } = JSON.parse(process.argv[2] ?? '');
const host = await createHost(manifest, { baseDir: folder, cacheDir });
await make(0);
const before = process.memoryUsage.rss();
for (let i = 1; i < count; i++) await make(i);
const instances = host.compartments().reduce((sum, compartment) => sum + compartment.instances.length, 0);
if (instances !== count) throw new Error(`${instances} instances live, not ${count}`);
console.log(String(Math.round((process.memoryUsage.rss() - before) / (count - 1))));
await host.close();

async function make(i: number): Promise<void> {
  const { value } = await host.call('small.add', [i, 1], { label: { secrecy: [`member:m${i}`] } });
  if (value !== i + 1) throw new Error('the guest answers wrongly');
}
