import { randomFillSync } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { isAbsolute, resolve } from 'node:path';
import { openJournal } from '../audit/index.ts';
import { Broker } from '../broker/broker.ts';
import { Grants } from '../broker/grants.ts';
import { Kernel } from '../broker/kernel.ts';
import { Recorder } from '../broker/recorder.ts';
import type { Offered } from '../broker/wiring.ts';
import { leaseInterrupts } from '../compartment/watchdog.ts';
import { LabelSpace } from '../label/index.ts';
import { loadManifest, parseManifest } from '../policy/parse.ts';
import type { Policy } from '../policy/policy.ts';
import { VERSION } from '../version.ts';
import { loadCode, sha256Of } from './code.ts';
import { Enclaves } from './enclaves.ts';
import { Host } from './host.ts';
import { Loader } from './loader.ts';
import { supervise } from './supervisor.ts';

export interface HostOptions {
  /** Functions that the program offers, by the name of their resource in the manifest. */
  readonly resources?: Readonly<Record<string, Offered>>;
  /** Where relative paths of a manifest given as an object start. Default: the working directory. */
  readonly baseDir?: string;
  /** Where plans of compiled guests are kept. Default: the user's cache folder. */
  readonly cacheDir?: string;
  /**
   * A socket by which this user's `cofferdam ps`, `stop`, … reach the host: `true`, or its path, in a folder that is the user's
   * alone. Default: none.
   */
  readonly control?: string | true;
  /** The folder of the platform's keys and counters, for enclaves, where the manifest names none. Default: the user's state folder. */
  readonly stateDir?: string;
}

/**
 * Loads a manifest (a file, or an object of the same shape), checks it, loads and links its compartments, opens the
 * journal. The authority that a host has (clock, randomness, disk) is taken here and handed down.
 *
 * Throws MANIFEST_*, LOAD_*, WASM_*, LINK_*, RESOURCE_MISSING, AUDIT_*, CONTROL_PATH; nothing runs before all of it is checked.
 */
export async function createHost(manifest: string | object, options: HostOptions = {}): Promise<Host> {
  const host = await createHostWith(manifest, options, loadCode);
  if (options.control === undefined) return host;
  try {
    await host.control(options.control);
    return host;
  } catch (error) {
    await host.close();
    throw error;
  }
}

/** The same with another way to come by code: how the suite puts a hostile twin in a compartment's place. */
export async function createHostWith(
  manifest: string | object,
  options: HostOptions,
  load: typeof loadCode,
): Promise<Host> {
  const { resources = {}, baseDir = process.cwd(), cacheDir, stateDir = null } = options;
  const policy = typeof manifest === 'string' ? await loadManifest(manifest) : parseManifest(manifest, { baseDir });
  const space = new LabelSpace(policy.tags.values());
  const events = new EventEmitter();
  const journal = openJournal({ path: journalPath(policy), clock: Date.now });
  const lease = leaseInterrupts();
  // Its thread starts while the code is being loaded.
  if ([...policy.compartments.values()].some(({ isInterruptible }) => isInterruptible)) lease.take();
  let enclaves: Enclaves | undefined;
  try {
    const run = journal.appendDurable({
      kind: 'host',
      phase: 'start',
      versions: { cofferdam: VERSION, node: process.versions.node },
      manifestSha256: sha256Of(JSON.stringify(policy.tree)),
    });
    const kernel = new Kernel();
    const recorder = new Recorder(journal, kernel, (name, event) => void events.emit(name, event));
    const broker = new Broker({
      space,
      grants: new Grants(space, () => kernel.advance()),
      kernel,
      recorder,
      limits: policy.limits,
      powers: {
        nowMs: Date.now,
        random: (bytes) => void randomFillSync(bytes),
        interrupts: lease.take,
        elapsedMs: () => performance.now(),
      },
    });
    supervise(events, broker, recorder, policy.limits.heartbeatMs);
    const env = { baseDir: policy.baseDir, ...(cacheDir === undefined ? {} : { cacheDir }) };
    enclaves = new Enclaves({
      space,
      grants: broker.grants,
      runtime: { version: VERSION, node: process.versions.node, nowMs: Date.now },
      stateDir,
      record: (event) => void journal.appendDurable(event),
    });
    const loader = new Loader({ env, load, offered: resources, journal, broker, enclaves });
    const wiring = await loader.adopt(policy, null);
    return new Host({ policy, wiring, broker, recorder, journal, loader, enclaves, events, run, lease });
  } catch (error) {
    enclaves?.close();
    lease.release();
    journal.close();
    throw error;
  }
}

function journalPath({ audit: { path }, baseDir }: Policy): string | null {
  return path === null || isAbsolute(path) ? path : resolve(baseDir, path);
}
