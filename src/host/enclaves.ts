import { resolve } from 'node:path';
import {
  assertSigned,
  defaultStateDir,
  ENCLAVE_FUNCTIONS,
  type EnclaveFunction,
  isNonce,
  type Launch,
  makeEvidence,
  makeLaunch,
  measure,
  openProvision,
  Platform,
  type Runtime,
  seal,
  sealedCount,
  unseal,
} from '../attest/index.ts';
import type { EventInputOf } from '../audit/index.ts';
import type { HostCallContext, HostFunction } from '../broker/edge.ts';
import type { Grants } from '../broker/grants.ts';
import type { Serve } from '../broker/wiring.ts';
import type { Code } from '../compartment/contract.ts';
import { makeEnclaveCode } from '../compartment/enclave.ts';
import { CofferdamError } from '../error.ts';
import { formatLabel, type LabelInput, type LabelSpace, Privileges, parsePrivilege } from '../label/index.ts';
import type { LinkPolicy, Policy } from '../policy/policy.ts';
import { formatFunc } from '../wasm/format.ts';
import { explainMismatch } from '../wasm/subtype.ts';
import type { WorldFunction } from '../wasm/types.ts';

interface Running {
  readonly launch: Launch;
  /** As it was loaded, without the wrapper of this launch. */
  readonly inner: Code;
  readonly code: Code;
}

/** What a policy brings into force, worked out but not launched until `commit`. */
export interface Launches {
  /** Of all compartments; those of enclaves belong to one launch. */
  readonly codes: ReadonlyMap<string, Code>;
  readonly serve: Serve;
  commit(): void;
}

export interface EnclavesEnv {
  readonly space: LabelSpace;
  readonly grants: Grants;
  readonly runtime: Runtime;
  /** Default: the user's state folder. */
  readonly stateDir: string | null;
  /** On disk when it returns. */
  readonly record: (event: EventInputOf<'attest'>) => void;
}

/** The enclaves of one host: their launches, their evidence, and what the host serves to them. */
export class Enclaves {
  readonly #env: EnclavesEnv;
  #platform: Platform | null = null;
  #running: ReadonlyMap<string, Running> = new Map();

  constructor(env: EnclavesEnv) {
    this.#env = env;
  }

  /**
   * Measures what is demanded, and prepares a launch of each enclave that is new or is measured differently than before.
   * Throws LINK_MEASUREMENT, ENCLAVE_SIGNATURE, ENCLAVE_GRANT, PLATFORM_STATE.
   */
  async prepare(policy: Policy, loaded: ReadonlyMap<string, Code>): Promise<Launches> {
    const inner = new Map([...loaded].map(([name, code]) => [name, this.#innerOf(name, code)]));
    const measured = new Map<string, string>();
    const measurementOf = (name: string): string => {
      const known = measured.get(name) ?? measurementIn(policy, name, inner, this.#env.runtime);
      measured.set(name, known);
      return known;
    };
    for (const link of policy.links) assertLink(link, measurementOf);
    const next = new Map<string, Running>();
    for (const { name, enclave } of policy.compartments.values()) {
      const code = inner.get(name);
      if (enclave === null || code === undefined) continue;
      const measurement = measurementOf(name);
      assertSigned(name, enclave, measurement);
      this.#assertGrants(policy, name);
      this.#openPlatform(policy);
      const old = this.#running.get(name);
      const isSame = old?.inner === code && old.launch.measurement === measurement;
      next.set(name, isSame ? old : await this.#makeRunning(name, code, enclave, measurement));
    }
    const codes = new Map([...inner].map(([name, code]) => [name, next.get(name)?.code ?? code]));
    return { codes, serve: (name, imported) => this.#serve(next, name, imported), commit: () => this.#commit(next) };
  }

  /** Evidence of these compartments, or of all enclaves. Throws ENCLAVE_UNKNOWN, EVIDENCE_NONCE. */
  async evidence(nonce: string, names: readonly string[] = [...this.#running.keys()]): Promise<string> {
    return await this.#evidence(
      nonce,
      names.map((name) => this.#of(name).launch),
      'host',
    );
  }

  /** Throws ENCLAVE_UNKNOWN, PROVISION_REFUSED, PROVISION_EXISTS, LABEL_*. */
  async provision(name: string, sealed: string): Promise<void> {
    const { launch } = this.#of(name);
    const { name: secret, ...provisioned } = await openProvision(launch, sealed);
    const label = this.#env.space.label(provisioned.label);
    if (launch.provisioned.has(secret)) {
      throw new CofferdamError(
        'PROVISION_EXISTS',
        `This launch of ${name} has a secret ${secret} already. Launch it anew to change it.`,
      );
    }
    this.#record('provision', launch, `${secret} at ${formatLabel(label)}`);
    launch.provisioned.set(secret, { label, secret: provisioned.secret });
  }

  /** The key that evidence is verified with. Throws ENCLAVE_UNKNOWN where nothing is an enclave. */
  attestationKey(): Readonly<Record<string, string>> {
    if (this.#platform) return this.#platform.publicJwk;
    throw new CofferdamError('ENCLAVE_UNKNOWN', 'No compartment is an enclave. Write `enclave: true` at one.');
  }

  /**
   * Grants at run time are in no measurement: an enclave keeps to those of its manifest. Throws ENCLAVE_GRANT.
   */
  assertGrantable(policy: Policy, { to, privilege }: { to: string; privilege: string }): void {
    const compartment = policy.compartments.get(to);
    if (!compartment?.enclave || new Privileges(compartment.grants).covers(parsePrivilege(privilege))) return;
    throw unmeasured(to, privilege);
  }

  close(): void {
    this.#platform?.close();
    this.#platform = null;
    this.#running = new Map();
  }

  #of(name: string): Running {
    const running = this.#running.get(name);
    if (running) return running;
    const known = [...this.#running.keys()].join(', ') || 'none';
    throw new CofferdamError('ENCLAVE_UNKNOWN', `There is no enclave ${name}. There are: ${known}.`, {
      details: { name },
    });
  }

  #innerOf(name: string, code: Code): Code {
    const old = this.#running.get(name);
    return old?.code === code ? old.inner : code;
  }

  #openPlatform({ attestation, baseDir }: Policy): void {
    const { stateDir } = this.#env;
    const folder = attestation.state === null ? stateDir : resolve(baseDir, attestation.state);
    this.#platform ??= new Platform(folder ?? defaultStateDir(process.env));
  }

  async #makeRunning(
    compartment: string,
    inner: Code,
    { debug, signer, version }: { debug: boolean; signer: string | null; version: number | null },
    measurement: string,
  ): Promise<Running> {
    const launch = await makeLaunch({ compartment, measurement, debug, signer, version, sha256: inner.sha256 });
    return { launch, inner, code: makeEnclaveCode(inner, { isOpaque: !debug }) };
  }

  #commit(next: ReadonlyMap<string, Running>): void {
    for (const [name, { launch }] of next) {
      if (this.#running.get(name)?.launch !== launch)
        this.#record('launch', launch, launch.debug ? 'debug' : 'production');
    }
    this.#running = next;
  }

  #assertGrants({ compartments }: Policy, name: string): void {
    const measured = new Privileges(compartments.get(name)?.grants ?? []);
    for (const { to, privilege } of this.#env.grants.list()) {
      if (to === name && !measured.covers(privilege)) throw unmeasured(name, privilege.tag);
    }
  }

  /** Of what a compartment imports, what the host itself gives to enclaves; each launch has functions of its own. */
  #serve(running: ReadonlyMap<string, Running>, name: string, imported: WorldFunction): HostFunction | null {
    const launch = running.get(name)?.launch;
    if (launch === undefined || !isEnclaveFunction(imported.id)) return null;
    const mismatch = explainMismatch(ENCLAVE_FUNCTIONS[imported.id], imported.type);
    if (mismatch === null) return this.#functionOf(imported.id, launch);
    throw new CofferdamError(
      'LINK_TYPE',
      `${name} imports ${imported.id} as ${formatFunc(imported.type)}, but the host serves ${formatFunc(ENCLAVE_FUNCTIONS[imported.id])}: ${mismatch}. Build it against wit/enclave.wit.`,
      { details: { from: name, import: imported.id } },
    );
  }

  #functionOf(id: EnclaveFunction, launch: Launch): HostFunction {
    const { space } = this.#env;
    const isReadable = (label: LabelInput, { label: own }: HostCallContext) => canRead(space, label, own);
    const functions: Record<EnclaveFunction, HostFunction> = {
      'cofferdam:enclave/sealing@0.1.0#seal': (data, context) =>
        seal(this.#open(), launch, (context as HostCallContext).label, data as Uint8Array),
      'cofferdam:enclave/sealing@0.1.0#unseal': (sealed, context) => {
        const opened = unseal(this.#open(), launch, sealed as Uint8Array, (label) =>
          isReadable(label, context as HostCallContext),
        );
        if (typeof opened !== 'string') return opened;
        throw Object.assign(new Error('not unsealed'), { payload: opened });
      },
      'cofferdam:enclave/sealing@0.1.0#count': (context) =>
        BigInt(sealedCount(this.#open(), launch, (context as HostCallContext).label)),
      'cofferdam:enclave/evidence@0.1.0#evidence': async (nonce) =>
        isNonce(nonce) ? await this.#evidence(nonce, [launch], 'guest') : undefined,
      'cofferdam:enclave/evidence@0.1.0#measurement': () => launch.measurement,
      'cofferdam:enclave/provisioned@0.1.0#get': (name, context) => {
        const provisioned = launch.provisioned.get(name as string);
        // What may not be read is as though it were not there: whether it is, is as secret as it is.
        return provisioned && isReadable(provisioned.label, context as HostCallContext)
          ? provisioned.secret
          : undefined;
      },
    };
    return functions[id];
  }

  async #evidence(nonce: string, launches: readonly Launch[], origin: 'host' | 'guest'): Promise<string> {
    const token = await makeEvidence(this.#open(), this.#env.runtime, { nonce, launches, origin });
    for (const launch of launches) this.#record('evidence', launch, `nonce ${nonce}, chosen by the ${origin}`);
    return token;
  }

  #open(): Platform {
    if (this.#platform) return this.#platform;
    throw new CofferdamError('HOST_CLOSED', 'The host is closed. Create another.');
  }

  #record(act: EventInputOf<'attest'>['act'], { compartment, measurement }: Launch, detail: string): void {
    this.#env.record({ kind: 'attest', act, compartment, measurement, detail });
  }
}

/** Throws LINK_MEASUREMENT. */
function assertLink({ from, to, measurement }: LinkPolicy, measurementOf: (name: string) => string): void {
  if (measurement === null) return;
  const [name, demanded] = measurement.to === null ? [from, measurement.from] : [to, measurement.to];
  const actual = measurementOf(name);
  if (demanded === actual) return;
  throw new CofferdamError(
    'LINK_MEASUREMENT',
    `The link of ${from} to ${to} demands the measurement ${demanded} of ${name}, which has ${actual}. Find out what changed before you change the manifest.`,
    { details: { from, to, compartment: name, demanded, actual } },
  );
}

export function measurementIn(
  policy: Policy,
  name: string,
  codes: ReadonlyMap<string, Pick<Code, 'sha256' | 'world'>>,
  { version }: Pick<Runtime, 'version'>,
): string {
  const code = codes.get(name);
  if (code === undefined) throw new CofferdamError('INTERNAL', `${name} was not loaded.`);
  return measure(policy, name, code, version);
}

/** A tag of an earlier version of the manifest may be gone: then nobody may read what carries it. */
function canRead(space: LabelSpace, label: LabelInput, own: HostCallContext['label']): boolean {
  try {
    return space.canFlow(space.label(label), own);
  } catch {
    return false;
  }
}

function isEnclaveFunction(id: string): id is EnclaveFunction {
  return Object.hasOwn(ENCLAVE_FUNCTIONS, id);
}

function unmeasured(to: string, privilege: string): CofferdamError {
  return new CofferdamError(
    'ENCLAVE_GRANT',
    `${to} is an enclave, and ${privilege} is not in its measurement. Put it into compartments.${to}.grants and launch it anew.`,
    { details: { to, privilege } },
  );
}
