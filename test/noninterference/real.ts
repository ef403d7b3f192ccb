import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { queryEvents } from '../../src/audit/index.ts';
import type { Code } from '../../src/compartment/contract.ts';
import { loadCode } from '../../src/host/code.ts';
import { createHostWith } from '../../src/host/create.ts';
import { type Host, isCofferdamError } from '../../src/index.ts';
import { parseManifest } from '../../src/policy/index.ts';
import type { CompartmentPolicy } from '../../src/policy/policy.ts';
import { type Assembler, loadAssembler } from '../../src/suite/arena.ts';
import { manifestOf } from './guest.ts';
import { journalAs } from './journal-view.ts';
import { bytesFor, HOPS, nameOf, type Observation, type Run, resourceNameOf, valueIn, type World } from './world.ts';

export type Kind = 'inline' | 'worker' | 'process';

export interface Seen {
  readonly observations: readonly Observation[];
  /** The journal, as it may be shown to the observer. */
  readonly journal: readonly string[];
}

/** Real hosts, in a folder of their own. */
export class RealHosts implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'cofferdam-noninterference-'));
  readonly #assemble: Assembler;
  readonly #kind: Kind;
  readonly #codes = new Map<string, Promise<Code>>();
  /** One object for all: loads that overlap share a parsing worker. */
  readonly #env = { baseDir: this.#folder, cacheDir: null };
  #journals = 0;

  private constructor(assemble: Assembler, kind: Kind) {
    this.#assemble = assemble;
    this.#kind = kind;
  }

  static async open(kind: Kind = 'inline'): Promise<RealHosts> {
    return new RealHosts(await loadAssembler(), kind);
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Loads the guests of many worlds at once: the worker that parses them takes longer to start than to work. */
  async prepare(worlds: readonly World[]): Promise<void> {
    this.#codes.clear();
    const loads = worlds.flatMap((world) =>
      ([0, 1] as const).flatMap((run) => {
        const { compartments } = parseManifest(this.#manifest(world, run), { baseDir: this.#folder });
        return [...compartments.values()].map((policy) => this.#load(policy));
      }),
    );
    await Promise.all(loads);
  }

  /** What happens in one of the two runs of a world; the journal is read where that is wanted. */
  async run(world: World, run: Run, { hasJournal = false } = {}): Promise<Seen> {
    const observations: Observation[] = [];
    const path = hasJournal ? join(this.#folder, `audit-${this.#journals++}.db`) : null;
    const manifest = { ...this.#manifest(world, run), ...(path === null ? {} : { audit: { path } }) };
    const options = { baseDir: this.#folder, resources: resourcesOf(world, run, observations) };
    const host = await createHostWith(manifest, options, (policy) => this.#load(policy));
    for (const [i, action] of world.actions.entries()) {
      observations.push(await act(host, world, run, i));
      if ('isDrained' in action && action.isDrained) await host.drained();
    }
    await host.drained();
    observations.push(...(await endOf(host)));
    await host.close();
    const journal = path === null ? [] : journalAs(world.observer, queryEvents(path));
    return { observations, journal };
  }

  #load(policy: CompartmentPolicy): Promise<Code> {
    const { wasm, limits, isInterruptible, wit } = policy;
    const key = JSON.stringify([wasm, limits, isInterruptible, wit]);
    let code = this.#codes.get(key);
    if (code === undefined) {
      code = loadCode(policy, this.#env);
      this.#codes.set(key, code);
    }
    return code;
  }

  #manifest(world: World, run: Run): object {
    const wasmOf = (wat: string) => {
      const name = `${createHash('sha256').update(wat).digest('hex').slice(0, 24)}.wasm`;
      const file = join(this.#folder, name);
      if (!existsSync(file)) writeFileSync(file, this.#assemble(wat));
      return `./${name}`;
    };
    return manifestOf(world, { run, kind: this.#kind, wasmOf });
  }
}

function resourcesOf(world: World, run: Run, observations: Observation[]) {
  const offered = world.resources.map(({ label, content }, i) => {
    let now = valueIn(world, run, label, content);
    const use = (way: 'put' | 'get') => (n: unknown) => {
      observations.push({ label, what: `${resourceNameOf(i)} ${way} ${n}` });
      const answer = (Math.imul(now, 3) + Number(n)) >>> 0;
      if (way === 'put') now = Number(n);
      return way === 'get' ? answer : undefined;
    };
    // By the names of the imports: each guest numbers its own.
    const named = world.compartments.flatMap(({ links }) =>
      links.flatMap(({ way }, link) => (way === 'put' || way === 'get' ? [[`${way}${link}`, use(way)] as const] : [])),
    );
    return [resourceNameOf(i), Object.fromEntries(named)];
  });
  return Object.fromEntries(offered);
}

async function act(host: Host, world: World, run: Run, i: number): Promise<Observation> {
  const action = world.actions[i];
  if (action === undefined) throw new Error(`There is no action ${i}.`);
  if (!('input' in action)) {
    const { act: change, by, privilege } = action;
    return await told(i, { secrecy: [], integrity: [] }, () => {
      host[change]({ by, to: nameOf(action.to), privilege });
      return { what: 'ok' };
    });
  }
  const { act, label } = action;
  const value = valueIn(world, run, label, action.input);
  const args = [HOPS, act === 'run' ? value : bytesFor(value)];
  const target = `${nameOf(action.to)}.${act}`;
  return await told(i, label, async () => {
    if (act === 'take') {
      await host.post(target, args, { label });
      return { what: 'accepted' };
    }
    const { value: got, label: of, fuel } = await host.call(target, args, { label });
    return { what: String(got), label: of, detail: `fuel ${fuel}` };
  });
}

/** An error of the host's is an observation as well; what depends on more than the policy and the label has a label of its own. */
async function told(
  i: number,
  asked: Required<Observation>['label'],
  run: () => Promise<Partial<Observation>> | Partial<Observation>,
): Promise<Observation> {
  try {
    const { what, label = asked, detail = '' } = await run();
    return { label: { secrecy: label.secrecy, integrity: label.integrity }, what: `${i}: ${what}`, detail };
  } catch (error) {
    if (!isCofferdamError(error) || error.code === 'INTERNAL') throw error;
    const { secrecy, integrity } = (error.details.label as Observation['label'] | undefined) ?? asked;
    const detail = `${error.message} ${JSON.stringify(error.details, (key, value) => (key === 'id' ? undefined : value))}`;
    return { label: { secrecy, integrity }, what: `${i}: ${error.code}`, detail };
  }
}

/** The state of every instance that lives when all is over. */
async function endOf(host: Host): Promise<Observation[]> {
  const live = host
    .compartments()
    .flatMap(({ name, instances }) =>
      instances.map(({ label, memoryBytes }) => ({ name, label, memoryBytes, text: `${name}@${host.format(label)}` })),
    );
  // Read at the instance's own label, each by a call that changes nothing.
  const ends = live.map(async ({ name, label, memoryBytes, text }) => {
    const { value } = await host.call<bigint>(`${name}.peek`, [], { label });
    const what = `${text} ends as ${value & 0xffffffffn} in ${value >> 32n} pages`;
    return { label: { secrecy: label.secrecy, integrity: label.integrity }, what, detail: `${memoryBytes} bytes` };
  });
  return (await Promise.all(ends)).sort((one, other) => (one.what < other.what ? -1 : 1));
}
