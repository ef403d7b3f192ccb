import type { Instance, InstanceHost } from '../compartment/contract.ts';
import { guestTrap, toGuestError } from '../compartment/guest-error.ts';
import { supply } from '../compartment/supply.ts';
import { Turnstile } from '../compartment/turnstile.ts';
import { CofferdamError } from '../error.ts';
import type { FuncType, ValType } from '../wasm/types.ts';
import { type AssemblyScriptPlan, type Builtin, coreFuncOf } from './assemblyscript.ts';
import { type Element, elementOf, ManagedMemory } from './assemblyscript-memory.ts';
import { conformArguments, conformResult } from './conform.ts';

/** Export that says which class of arrays the guest takes, by element. */
const CLASS_EXPORTS: Readonly<Record<Element, string>> = {
  u8: 'Uint8Array_ID',
  s8: 'Int8Array_ID',
  u16: 'Uint16Array_ID',
  s16: 'Int16Array_ID',
  u32: 'Uint32Array_ID',
  s32: 'Int32Array_ID',
  u64: 'Uint64Array_ID',
  s64: 'Int64Array_ID',
  f32: 'Float32Array_ID',
  f64: 'Float64Array_ID',
  string: 'StringArray_ID',
};

type Exports = WebAssembly.Instance['exports'];

/** One instance of an AssemblyScript module. */
export class AssemblyScriptInstance implements Instance {
  readonly #plan: AssemblyScriptPlan;
  readonly #host: InstanceHost;
  readonly #turnstile = new Turnstile();
  /** Null while the module's start function runs, and after `stop`. */
  #exports: Exports | null = null;
  #memory: ManagedMemory | null = null;

  /** Runs what the module runs when it is made: throws GUEST_TRAP, or what an import throws. */
  constructor(plan: AssemblyScriptPlan, host: InstanceHost) {
    this.#plan = plan;
    this.#host = host;
    this.#turnstile.pass(() => {
      const { exports } = new WebAssembly.Instance(plan.module, supply(this.#imports(), plan.needs ?? null, 0, host));
      this.#exports = exports;
      this.#memory = makeMemory(exports, plan.limits.messageBytes);
      // Compiled with --exportStart, so that imports can be given strings from the start on.
      functionOf(exports._start ?? exports._initialize)?.();
    });
  }

  call(index: number, args: readonly unknown[]): unknown {
    const { name, type, values } = this.#checked(index, args);
    return this.#turnstile.pass(() => {
      const core = this.#function(name)(...this.#lowerAll(type, values));
      return this.#result(type, core);
    });
  }

  async callSuspending(index: number, args: readonly unknown[]): Promise<unknown> {
    const { name, type, values } = this.#checked(index, args);
    return await this.#turnstile.passSuspending(async () => {
      const run = WebAssembly.promising(this.#function(name));
      const core = await run(...this.#lowerAll(type, values));
      this.#host.resumed?.();
      return this.#result(type, core);
    });
  }

  memoryBytes(): number {
    const memory = this.#exports?.memory;
    return memory instanceof WebAssembly.Memory ? memory.buffer.byteLength : 0;
  }

  stop(): void {
    this.#turnstile.stop();
    this.#exports = null;
    this.#memory = null;
  }

  /** Nothing of the guest runs before its arguments are in order. */
  #checked(index: number, args: readonly unknown[]): { name: string; type: FuncType; values: unknown[] } {
    const name = this.#plan.exports[index];
    const func = this.#plan.world.exports[index];
    if (name === undefined || func === undefined) throw new RangeError(`There is no export number ${index}`);
    const values = conformArguments(func.type, args, func.name, this.#plan.limits.messageBytes);
    return { name, type: func.type, values };
  }

  #function(name: string): WebAssembly.ExportFunction {
    const func = functionOf(this.#exports?.[name]);
    if (func === null) throw stopped();
    return func;
  }

  #imports(): WebAssembly.Imports {
    const imports: WebAssembly.Imports = Object.create(null);
    for (const { module, name, to } of this.#plan.imports) {
      imports[module] ??= Object.create(null) as Record<string, WebAssembly.ImportValue>;
      imports[module][name] = typeof to === 'number' ? this.#import(to) : this.#builtin(to);
    }
    return imports;
  }

  #import(index: number): WebAssembly.ImportValue {
    const func = this.#plan.world.imports[index];
    if (func === undefined) throw new RangeError(`There is no import number ${index}`);
    const { type, name } = func;
    const maxBytes = this.#plan.limits.messageBytes;
    const lift = (core: readonly unknown[]): unknown[] => {
      this.#memory?.begin();
      return type.params.map((param, i) => this.#lift(param.type, core[i]));
    };
    const lower = (value: unknown): unknown => {
      if (type.result === null) return undefined;
      const expected = { code: 'RESULT_TYPE', what: `the result of the import ${name}`, maxBytes } as const;
      return this.#lowerOne(type.result, conformResult(type.result, value, expected));
    };
    if (!this.#host.suspending.has(index)) {
      return (...core: unknown[]) => this.#turnstile.out(() => lower(this.#host.call(index, lift(core))));
    }
    if (typeof WebAssembly.Suspending !== 'function') throw suspensionMissing(name);
    const waits = async (...core: unknown[]) => {
      try {
        const args = this.#turnstile.out(() => lift(core));
        const value = await this.#turnstile.out(() => this.#host.call(index, args));
        this.#host.resumed?.();
        return this.#turnstile.out(() => lower(value));
      } catch (error) {
        throw this.#turnstile.fail(error);
      }
    };
    return this.#plan.resuming.make(coreFuncOf(type), waits as never, () => this.#host.resumed?.());
  }

  #builtin(name: Builtin): WebAssembly.ImportFunction {
    switch (name) {
      case 'abort':
        return (message: unknown, file: unknown, line: unknown, column: unknown) =>
          this.#turnstile.out(() => {
            const reason = this.#memory?.readReason(message) || 'it aborted';
            const at = { file: this.#memory?.readReason(file) ?? '', line: Number(line), column: Number(column) };
            throw guestTrap(reason, undefined, at);
          });
      case 'trace':
        return (message: unknown, count: unknown, ...numbers: unknown[]) =>
          this.#turnstile.out(() => {
            this.#memory?.begin();
            const text = this.#memory?.readString(message) ?? '';
            const shown = numbers.slice(0, Math.max(0, Number(count)));
            this.#host.output('stderr', Buffer.from(`${[text, ...shown].join(' ')}\n`));
          });
      case 'seed':
        return () => {
          const bytes = new Uint8Array(6);
          this.#host.random(bytes);
          return Buffer.from(bytes).readUIntBE(0, 6);
        };
    }
  }

  #lowerAll({ params }: FuncType, values: readonly unknown[]): unknown[] {
    const core = params.map((param, i) => this.#lower(param.type, values[i]));
    functionOf(this.#exports?.__setArgumentsLength)?.(values.length);
    return core;
  }

  /** For the result of an import: from here on it is the guest's own to keep alive. */
  #lowerOne(type: ValType, value: unknown): unknown {
    const mark = this.#memory?.mark();
    const core = this.#lower(type, value);
    this.#memory?.release(mark);
    return core;
  }

  #result({ result }: FuncType, core: unknown): unknown {
    this.#memory?.begin();
    const value = result === null ? undefined : this.#lift(result, core);
    this.#memory?.release();
    return value;
  }

  #lower(type: ValType, value: unknown): unknown {
    if (type.kind === 'bool') return value ? 1 : 0;
    if (type.kind === 'string') return this.#mustHaveMemory(type).newString(value as string);
    const element = elementOf(type);
    if (element === null) return value;
    return this.#mustHaveMemory(type).newList(element, this.#classId(element), value as ArrayBufferView);
  }

  #lift(type: ValType, core: unknown): unknown {
    if (type.kind === 'string') return this.#mustHaveMemory(type).readString(core);
    const element = elementOf(type);
    return element === null ? liftScalar(type, core) : this.#mustHaveMemory(type).readList(element, core);
  }

  #mustHaveMemory({ kind }: ValType): ManagedMemory {
    if (this.#memory !== null) return this.#memory;
    // The start function runs before anyone has seen the exports, and so the memory.
    throw guestTrap(`it passed a ${kind} while it was being made - compile it with --exportStart _start`);
  }

  #classId(element: Element): number {
    const name = CLASS_EXPORTS[element];
    const id = this.#exports?.[name];
    if (id instanceof WebAssembly.Global) return Number(id.value) >>> 0;
    const message = `The guest has no export ${name}, to say which list it takes - add: export const ${name} = idof<${name.slice(0, -3)}>()`;
    throw new CofferdamError('WASM_EXPORT_MISSING', message, { details: { export: name } });
  }
}

function suspensionMissing(name: string): CofferdamError<'SUSPENSION_MISSING'> {
  const message = `The import ${name} must wait, and this engine cannot suspend Wasm - serve it by something that answers at once`;
  return new CofferdamError('SUSPENSION_MISSING', message);
}

function functionOf(value: WebAssembly.ExportValue | undefined): WebAssembly.ExportFunction | null {
  return typeof value === 'function' ? (value as WebAssembly.ExportFunction) : null;
}

const stopped = (): CofferdamError<'INSTANCE_STOPPED'> =>
  new CofferdamError('INSTANCE_STOPPED', 'The instance was stopped - make a new one');

function makeMemory(exports: Exports, maxMessageBytes: number): ManagedMemory | null {
  const { memory, __new, __pin, __unpin, __rtti_base } = exports;
  const [allocate, pin, unpin] = [functionOf(__new), functionOf(__pin), functionOf(__unpin)];
  if (!(memory instanceof WebAssembly.Memory) || allocate === null || pin === null || unpin === null) return null;
  const classes = __rtti_base instanceof WebAssembly.Global ? Number(__rtti_base.value) >>> 0 : null;
  return new ManagedMemory({ memory, allocate, pin, unpin, classes }, maxMessageBytes);
}

/** The guest may have set bits that the type does not have. */
function liftScalar({ kind }: ValType, core: unknown): unknown {
  if (typeof core === 'bigint') return kind === 'u64' ? BigInt.asUintN(64, core) : BigInt.asIntN(64, core);
  if (typeof core !== 'number') throw toGuestError(new TypeError(`not a ${kind}`));
  switch (kind) {
    case 'bool':
      return core !== 0;
    case 's8':
      return (core << 24) >> 24;
    case 'u8':
      return core & 0xff;
    case 's16':
      return (core << 16) >> 16;
    case 'u16':
      return core & 0xffff;
    case 'u32':
      return core >>> 0;
    case 's32':
      return core | 0;
    default:
      return Number.isNaN(core) ? Number.NaN : core;
  }
}
