import { dropPermissions, openChildEnd } from '../../../src/compartment/process/child-end.ts';

// Sends back every frame, with one added to its first byte.
const transport = openChildEnd(process.argv.slice(2));
dropPermissions();
for (;;) {
  const length = transport.receive();
  const frame = transport.reserve(length);
  frame.set(transport.frame.subarray(0, length));
  frame[0] = ((frame[0] as number) + 1) & 255;
  transport.send(length);
}
