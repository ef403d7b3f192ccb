import { join } from 'node:path';
import { measurementsOf } from '../../src/host/measurements.ts';
import { createHost, type Host, isCofferdamError } from '../../src/index.ts';
import { loadManifest } from '../../src/policy/index.ts';
import { RelyingParty } from './relying-party.ts';

const MANIFEST = join(import.meta.dirname, 'cofferdam.yaml');
const CARD = { label: { secrecy: ['card:4711'] } };
const PIN = '2580';

interface Opened {
  readonly key?: Uint8Array;
  readonly left: number;
  readonly state: Uint8Array;
}

/** What happened, line by line. `stateDir` is where the platform keeps its keys and counters. */
export async function runTour(stateDir: string): Promise<string[]> {
  const lines: string[] = [];
  const manifest = { ...((await loadManifest(MANIFEST)).tree as object), attestation: { state: stateDir } };
  const start = (changes: object = {}) => createHost(withKeeper(manifest, changes), { baseDir: import.meta.dirname });

  let host = await start();
  const measurement = (await measurementsOf(host.policy)).get('keeper') ?? '';
  const bank = new RelyingParty(host.attestationKey(), measurement, [
    { name: 'pin', secret: PIN, ...CARD },
    { name: 'key', secret: 'the key of card 4711', ...CARD },
  ]);
  lines.push(`measured   keeper is ${measurement.slice(0, 16)}…`);
  lines.push(`without    ${await attempt(host, PIN, new Uint8Array()).then(told, refused)}`);
  await provision(host, bank);
  lines.push('provided   the bank checked the evidence and sealed PIN and key to this launch');

  const first = await attempt(host, '0000', new Uint8Array());
  const second = await attempt(host, '1111', first.state);
  lines.push(`wrong      ${told(first)}`, `wrong      ${told(second)}`);
  lines.push(`old state  ${await attempt(host, '2222', first.state).then(told, refused)}`);
  lines.push(`no state   ${await attempt(host, '2222', new Uint8Array()).then(told, refused)}`);
  await host.close();

  host = await start();
  lines.push(`restarted  ${await attempt(host, PIN, second.state).then(told, refused)}`);
  await provision(host, bank);
  lines.push(`right      ${told(await attempt(host, PIN, second.state))}`);
  await host.close();

  host = await start({ grants: ['card:*-'], gates: { open: { declassify: ['card:*'] } } });
  lines.push(
    `swapped    ${await provision(host, bank).then(
      () => 'provided',
      (error: Error) => error.message,
    )}`,
  );
  await host.close();
  return lines;
}

/** The program that runs the host only carries: it sees neither the secrets nor what is in the state. */
async function provision(host: Host, bank: RelyingParty): Promise<void> {
  const evidence = await host.evidence({ nonce: bank.challenge(), compartments: ['keeper'] });
  for (const sealed of await bank.release(evidence, 'keeper')) await host.provision('keeper', sealed);
}

async function attempt(host: Host, pin: string, state: Uint8Array): Promise<Opened> {
  return (await host.call<Opened>('keeper.open', [pin, state], CARD)).value;
}

function told({ key, left }: Opened): string {
  return key ? `opened: ${new TextDecoder().decode(key)}` : `${left} tries left`;
}

function refused(error: unknown): string {
  if (isCofferdamError(error, 'GUEST_ERROR')) return `refused: ${error.details.payload}`;
  throw error;
}

function withKeeper(manifest: object, changes: object): object {
  const { compartments } = manifest as { compartments: { keeper: object } };
  return { ...manifest, compartments: { keeper: { ...compartments.keeper, ...changes } } };
}
