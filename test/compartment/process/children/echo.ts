import { dropPermissions, openChildEnd } from '../../../../src/compartment/process/child-end.ts';

// Sends back every frame, with one added to its first byte; one that begins with 0 only after 100 ms.
const transport = openChildEnd(process.argv.slice(2));
dropPermissions();
const never = new Int32Array(new SharedArrayBuffer(4));
for (;;) {
  const length = transport.receive();
  const frame = transport.reserve(length);
  frame.set(transport.frame.subarray(0, length));
  if (frame[0] === 0) Atomics.wait(never, 0, 0, 100);
  frame[0] = ((frame[0] as number) + 1) & 255;
  transport.send(length);
}
