import type { Instance, InstanceHost } from '../compartment/contract.ts';
import { guestTrap, toGuestError } from '../compartment/guest-error.ts';
import { Turnstile } from '../compartment/turnstile.ts';
import { CofferdamError } from '../error.ts';
import type { ValType, WorldFunction } from '../wasm/types.ts';
import { conformArguments, conformResult } from './conform.ts';
import type { JcoProgram } from './jco.ts';
import { type Ending, makeRealm, type Realm, type Settle } from './jco-realm.ts';
import { watchRejections } from './jco-rejections.ts';
import { JcoStreams } from './jco-streams.ts';
import { fromRealmValue } from './realm-values.ts';

/** Imports that one instance may have under way: each is a message that somebody keeps. */
const MAX_UNDER_WAY = 256;

/** One instance of a component with async functions, and its realm. */
export class JcoInstance implements Instance {
  readonly #program: JcoProgram;
  readonly #host: InstanceHost;
  readonly #turnstile = new Turnstile();
  readonly #memories = new Set<WebAssembly.Memory>();
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #underWay = new Set<Promise<void>>();
  readonly #streams: JcoStreams;
  #realm: Realm | null = null;
  /** Ends the call that is inside. */
  #abandon: ((error: unknown) => void) | null = null;
  #hasEnded = false;

  /** Runs the start functions: throws GUEST_TRAP, or what an import throws. */
  constructor(program: JcoProgram, host: InstanceHost) {
    this.#program = program;
    this.#host = host;
    this.#streams = new JcoStreams(program.limits.messageBytes, {
      realm: () => this.#realm,
      crashed: (error) => this.#fail(error),
    });
    this.#turnstile.pass(() => {
      try {
        this.#realm = makeRealm(
          { ...program, made: (exports) => this.#made(exports), maxTextBytes: program.limits.messageBytes },
          {
            importCalled: (index, args, settle) => this.#importCalled(index, args, settle),
            later: (task, ms) => this.#later(task, ms),
            crashed: (message) => this.#crashed(message),
          },
        );
      } catch (error) {
        throw fromRealm(error);
      }
    });
    watchRejections(this.#realm?.promise, (message) => this.#crashed(message));
  }

  call(index: number): unknown {
    const { name } = this.#export(index);
    const message = `${name} is an export of an async component, from which a call must be able to wait - use callSuspending`;
    throw new CofferdamError('SUSPENSION_SYNC', message);
  }

  async callSuspending(index: number, args: readonly unknown[]): Promise<unknown> {
    const { type, name } = this.#export(index);
    const { messageBytes: maxBytes } = this.#program.limits;
    const values = conformArguments(type, args, name, maxBytes);
    const given = values.map((value, i) => this.#streams.feed(type.params[i]?.type ?? null, value));
    return await this.#turnstile.passSuspending(async () => {
      try {
        const value = await this.#run(index, type.result, given);
        const what = `the result of the export ${name}`;
        return conformResult(type.result, value, { code: 'RESULT_TYPE', what, maxBytes });
      } catch (error) {
        this.#end(error);
        throw error;
      } finally {
        // The call is over when all that it began is: nothing of it may be left in a chain that has ended.
        await Promise.all(this.#underWay);
      }
    });
  }

  memoryBytes(): number {
    return [...this.#memories].reduce((sum, memory) => sum + memory.buffer.byteLength, 0);
  }

  stop(): void {
    this.#turnstile.stop();
    this.#end(stopped());
    this.#memories.clear();
  }

  #export(index: number): WorldFunction {
    const found = this.#program.world.exports[index];
    if (found === undefined) throw new CofferdamError('ARGUMENT_TYPE', `There is no export ${index} - count them anew`);
    return found;
  }

  #run(index: number, type: ValType | null, values: readonly unknown[]): Promise<unknown> {
    const isResult = this.#program.exports[index]?.isResult === true;
    return new Promise((resolve, reject) => {
      this.#abandon = reject;
      if (this.#realm === null || this.#hasEnded) throw stopped();
      this.#realm.call(index, values, (ending, value) => {
        if (ending === 'failed') reject(guestTrap(String(value)));
        else
          resolve(
            this.#streams.take(type, isResult ? { tag: ending, val: fromRealmValue(value) } : fromRealmValue(value)),
          );
      });
    }).finally(() => {
      this.#abandon = null;
    });
  }

  /** Never throws into the realm: an import that fails ends the call from outside, whatever the guest makes of it. */
  #importCalled(index: number, args: readonly unknown[], settle: Settle): void {
    if (this.#hasEnded) return;
    const answer = this.#answer(index, args, settle).catch((error) => this.#fail(error));
    this.#underWay.add(answer);
    answer.finally(() => this.#underWay.delete(answer));
  }

  async #answer(index: number, foreign: readonly unknown[], settle: Settle): Promise<void> {
    const func = this.#program.world.imports[index];
    if (func === undefined) throw new CofferdamError('INTERNAL', `There is no import ${index}.`);
    if (!this.#turnstile.isInside) throw new CofferdamError('CALL_OUTSIDE', `It called ${func.id} after its call.`);
    if (this.#underWay.size >= MAX_UNDER_WAY) throw guestTrap(`it has ${MAX_UNDER_WAY} calls under way`);
    const { type, name } = func;
    const { messageBytes: maxBytes } = this.#program.limits;
    const copies = (fromRealmValue(foreign) as unknown[]).map((value, i) =>
      this.#streams.take(type.params[i]?.type ?? null, value),
    );
    const args = fromGuest(() => conformArguments(type, copies, name, maxBytes));
    const value = await this.#turnstile.out(() => this.#host.call(index, args));
    const what = `the result of the import ${name}`;
    const checked = this.#streams.feed(
      type.result,
      conformResult(type.result, value, { code: 'RESULT_TYPE', what, maxBytes }),
    );
    if (this.#hasEnded) return; // a feed that is made after the end lets go of its source
    if (type.result?.kind !== 'result') settle('ok', checked);
    else {
      const { tag, val } = checked as { tag: Ending; val: unknown };
      settle(tag, val);
    }
  }

  #made(exports: WebAssembly.Instance['exports']): void {
    for (const value of Object.values(exports)) {
      if (Object.prototype.toString.call(value) === '[object WebAssembly.Memory]') {
        this.#memories.add(value as WebAssembly.Memory);
      }
    }
  }

  #later(task: () => void, ms: number): void {
    if (this.#hasEnded) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      task();
    }, ms);
    this.#timers.add(timer);
  }

  #crashed(message: string): void {
    this.#fail(guestTrap(message));
  }

  /** Inside a call, the call fails with it; else the host is told. */
  #fail(error: unknown): void {
    if (this.#hasEnded) return;
    const failure = this.#turnstile.fail(error);
    this.#abandon?.(failure);
    this.#end(failure);
    if (!this.#turnstile.isInside) this.#host.ended?.(failure);
  }

  /** Nothing of the realm runs any more, but for what is on a stack now. */
  #end(error: unknown): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#turnstile.fail(error);
    this.#abandon?.(error);
    this.#streams.end(error);
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    this.#realm = null;
  }
}

function stopped(): CofferdamError<'INSTANCE_STOPPED'> {
  return new CofferdamError('INSTANCE_STOPPED', 'The instance was stopped - make a new one');
}

/** What a guest passes and does not fit is its own fault, and not that of its caller. */
function fromGuest<T>(check: () => T): T {
  try {
    return check();
  } catch (error) {
    throw error instanceof CofferdamError && error.code === 'ARGUMENT_TYPE' ? guestTrap(error.message) : error;
  }
}

/** Whatever is thrown in a realm is a guest's doing, and no class of ours. */
function fromRealm(error: unknown): unknown {
  const known = toGuestError(error);
  if (known instanceof CofferdamError) return known;
  const { message } = (typeof error === 'object' && error !== null ? error : {}) as { message?: unknown };
  return guestTrap(typeof message === 'string' ? message : 'it failed when it was made');
}
