/** A program with a host, for the tests of its control socket: manifest and socket (or `true`) as arguments, ends with stdin. */
import { createHost } from '../../src/index.ts';

const [manifest = '', control = ''] = process.argv.slice(2);
const host = await createHost(manifest, { control: control === 'true' ? true : control });
await host.call('counter.count', [], { label: { secrecy: ['customer:acme'] } });
process.stdout.write(`${host.controlPath}\n`);
process.stdin.resume();
process.stdin.on('end', () => void host.close());
