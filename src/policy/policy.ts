import type { Ceiling, GateTags, LabelInput, Privilege, TagDeclaration } from '../label/index.ts';
import type { Tree } from './source.ts';

/** A manifest after parsing: every default filled in, every name resolved, every number in one unit. Immutable. */
export interface Policy {
  /** The manifest as written (plain data): a host that loads or replaces a compartment edits a copy and parses it anew. */
  readonly tree: Tree;
  /** The manifest file, or null when it was given as an object. */
  readonly file: string | null;
  /** The folder that relative paths in the manifest start from. */
  readonly baseDir: string;
  readonly principals: readonly string[];
  /** Keyed by tag (`vetted`) or family (`customer:*`). */
  readonly tags: ReadonlyMap<string, TagDeclaration>;
  readonly compartments: ReadonlyMap<string, CompartmentPolicy>;
  readonly links: readonly LinkPolicy[];
  readonly resources: ReadonlyMap<string, ResourcePolicy>;
  /** What host code may call, and at which labels; null means every export at every label up to clearance. */
  readonly entries: readonly EntryPolicy[] | null;
  readonly forbid: readonly ForbidRule[];
  readonly audit: AuditPolicy;
  readonly attestation: AttestationPolicy;
  readonly limits: HostLimits;
  /** The label that unlabelled host input gets; null means that unlabelled input is an error (rule 9). */
  readonly defaultLabel: LabelInput | null;
}

export interface CompartmentPolicy {
  readonly name: string;
  /** `./path/to.wasm`, or `npm:package/path/in/package.wasm`. */
  readonly wasm: string | null;
  /** SHA-256 in hex that the bytes must have, or null. */
  readonly sha256: string | null;
  /** Instead of `wasm`: core modules that import each other, keyed by the name by which they do; or null. */
  readonly modules: ReadonlyMap<string, ModulePolicy> | null;
  /** The import by which the modules share a memory that none of them has, or null. */
  readonly sharedMemory: { readonly module: string; readonly name: string } | null;
  /** How the module speaks: see load/. `component` needs no `wit`; the others do. */
  readonly abi: 'component' | 'core' | 'assemblyscript' | 'adapter';
  readonly wit: WitSource | null;
  /** Path of the trusted TypeScript adapter, for `abi: 'adapter'`. */
  readonly adapter: string | null;
  /** `minimal`: stdout/stderr as events, coarse clock, random, exit. `none`: nothing. */
  readonly wasi: 'none' | 'minimal';
  /** `coarse`: whole milliseconds. `virtual`: counts the instance's own looks at it, and tells nothing else. */
  readonly clock: 'coarse' | 'virtual';
  /** Base label B: what every instance carries at least. */
  readonly base: LabelInput;
  readonly clearance: Ceiling;
  /** Granted in the manifest by the tags' owners. */
  readonly grants: readonly Privilege[];
  /** Export gates, keyed as written: an export name (`redact`), or `interface#name`. */
  readonly gates: ReadonlyMap<string, GatePolicy>;
  /** Names of resources this compartment may be linked to. */
  readonly resources: readonly string[];
  /** Where its instances run: in the program's thread, or each in a thread or a process of its own. */
  readonly kind: 'inline' | 'worker' | 'process';
  /** Null: it is not measured for evidence, and cannot seal. */
  readonly enclave: EnclavePolicy | null;
  readonly instances: 'per-label' | 'per-call';
  /** What the host's calls do while another is suspended in the instance. Posts wait, and guests are refused. */
  readonly busy: 'queue' | 'refuse';
  readonly restart: RestartPolicy;
  /** Instances start from the state of one that was initialised, and had `call` called, if it names one; null: by themselves. */
  readonly snapshot: { readonly call: string | null } | null;
  readonly limits: CompartmentLimits;
  /** It, or who can call it, has a limit in time: its code is made so that it can be stopped. */
  readonly isInterruptible: boolean;
}

/** What follows at a label when an instance fails there by its own fault. Counted per compartment and label. */
export interface RestartPolicy {
  /** `fail`: nothing runs there until it is resumed or replaced. `restart`: a fresh instance at the next message. */
  readonly policy: 'fail' | 'restart';
  /** The wait after one failure, doubled with each further one in the time of the ceiling, which is the longest wait. */
  readonly backoffMs: number;
  /** The most failures per time: past it nothing is started until the oldest is over. */
  readonly ceiling: Rate;
}

export interface EnclavePolicy {
  /** Its output and failures are shown, and its evidence says so. */
  readonly debug: boolean;
  /** Ed25519 public key, base64url; null: what it seals is bound to its measurement. Then `version` and `signature` are null, too. */
  readonly signer: string | null;
  readonly version: number | null;
  /** Of the measurement, by `signer`; base64url. Not measured itself. */
  readonly signature: string | null;
}

export interface ModulePolicy {
  readonly wasm: string;
  readonly sha256: string | null;
}

export interface WitSource {
  /** WIT text (`wit: { text: … }`), or the path of a .wit file: one of the two is not null. */
  readonly text: string | null;
  readonly path: string | null;
  readonly world: string | null;
}

/** A gate: the tags it removes and adds, what it demands of the request, and how often it may be used. */
export interface GatePolicy extends GateTags {
  readonly budget: Budget;
}

/** Null means unbounded. Counted per gate and request label. */
export interface Budget {
  readonly calls: Rate | null;
  readonly bytes: Rate | null;
}

export interface Rate {
  readonly amount: number;
  readonly perMs: number;
}

export interface LinkPolicy {
  readonly from: string;
  /** As written: an interface (`desk:text/classify`), `interface#function`, or a world-level function. */
  readonly import: string;
  /** A compartment or a resource. */
  readonly to: string;
  readonly toKind: 'compartment' | 'resource';
  /** The export that serves it, when it is named differently from the import. */
  readonly export: string | null;
  /** A link with a gate releases. */
  readonly gate: GatePolicy | null;
  readonly measurement: LinkMeasurement | null;
  /**
   * `post: true` in the manifest: one way. The caller goes on at once and learns nothing, not even of a denial (rule 4).
   * Only for functions without a result (checked against the types when the link is made).
   */
  readonly post: boolean;
  /** The line of the manifest, for messages. */
  readonly line: number | null;
}

/** SHA-256 in hex that one end of a link must have as its measurement, or nothing is linked. One of the two is null. */
export interface LinkMeasurement {
  readonly from: string | null;
  readonly to: string | null;
}

export type ResourcePolicy =
  /** A function that the embedding program offers: `createHost(manifest, { resources: { name: fn } })`. */
  | { readonly kind: 'function'; readonly name: string; readonly label: LabelInput }
  /** A folder whose files trusted host code reads with their label: `host.read('tickets', 'acme/1.md')`. */
  | { readonly kind: 'fs'; readonly name: string; readonly root: string; readonly label: FileLabel };

/** `{dir}` in a tag stands for the name of the file's first folder. */
interface FileLabel {
  readonly secrecy: readonly string[];
  readonly integrity: readonly string[];
}

export interface EntryPolicy {
  readonly compartment: string;
  /** null: every export. */
  readonly export: string | null;
  /** The labels that may be used there: a ceiling; null: up to the compartment's clearance. */
  readonly upTo: Ceiling | null;
}

/** `customer:* -> webhook except redact, count`. */
export interface ForbidRule {
  readonly text: string;
  readonly tag: string;
  readonly resource: string;
  /** Compartments whose gates are excused. */
  readonly except: readonly string[];
  readonly line: number | null;
}

export interface AuditPolicy {
  /** The journal's file; null keeps it in memory for the life of the host. */
  readonly path: string | null;
}

export interface AttestationPolicy {
  /** The folder of the platform's keys and counters; null: the user's state folder. */
  readonly state: string | null;
}

export interface CompartmentLimits {
  /** Linear memory of one instance, all memories together. */
  readonly memoryBytes: number;
  /** Entries of one instance's tables, all together. */
  readonly tableEntries: number;
  /** Live instances of this compartment. */
  readonly instances: number;
  /** One message, arguments or result. */
  readonly messageBytes: number;
  /** Posted messages that wait, per label. */
  readonly queue: number;
  /** stdout and stderr per call. */
  readonly outputBytes: number;
  /** Wall-clock time of a call into it, with all that it calls and waits for; null: unbounded. */
  readonly deadlineMs: number | null;
  /** The manifest says it: where it cannot be kept the compartment is refused. */
  readonly isDeadlineGiven: boolean;
  /** Time of a call into it in which something runs, in this compartment or one that it calls; null: unbounded. */
  readonly cpuMs: number | null;
  /** Instructions of this compartment in one call into it; null: not counted. */
  readonly fuel: number | null;
}

export interface HostLimits {
  /** Live instances of all compartments. */
  readonly instances: number;
  /** The sum of `limits.memory` of all live instances; null: unbounded. */
  readonly memoryBytes: number | null;
  /** Calls nested in one another. */
  readonly callDepth: number;
  /** Calls that wait for a busy instance, per instance; or for a suspended compartment. */
  readonly waiting: number;
  /** Threads and processes that run instances of kind `worker` and `process`. */
  readonly workers: number;
  /** How often an idle one of them is asked whether it lives. */
  readonly heartbeatMs: number;
}
