import { createHost } from '../../index.ts';

// node start-once.js MANIFEST CACHE: from nothing to the first mediated call.

const [manifest = '', cacheDir = ''] = process.argv.slice(2);
const host = await createHost(manifest, { cacheDir });
const { value } = await host.call('callee.add', [40, 2], { label: {} });
if (value !== 42) throw new Error('the guest answers wrongly');
await host.close();
