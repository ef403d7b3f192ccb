import { dropPermissions, openChildEnd } from '../../../../src/compartment/process/child-end.ts';

// A child in which a guest has come out of its engine: it runs whatever text the frames hold, as JavaScript, once before
// its permissions are dropped for each frame that begins with 0, and after that.
const transport = openChildEnd(process.argv.slice(2));
const AsyncFunction = (async () => undefined).constructor as new (text: string) => () => Promise<unknown>;
// What is denied late may come as an error that nobody can catch.
let fail: (error: Error) => void = () => undefined;
process.on('uncaughtException', (error) => fail(error));

for (let isDropped = false; ; ) {
  const length = transport.receive();
  const { frame } = transport;
  if (frame[0] === 1 && !isDropped) {
    dropPermissions();
    isDropped = true;
  }
  const text = new TextDecoder().decode(frame.slice(1, length));
  const uncaught = new Promise<never>((_, reject) => {
    fail = reject;
  });
  const done = new AsyncFunction(text)();
  const answer = await Promise.race([done, uncaught]).then(
    (value) => ({ value }),
    (error: { code?: string; message: string }) => ({ error: error.code ?? error.message }),
  );
  const bytes = new TextEncoder().encode(JSON.stringify(answer));
  transport.reserve(bytes.length).set(bytes);
  transport.send(bytes.length);
}
