import { Script } from 'node:vm';
import type { Code, Instance, InstanceHost } from '../compartment/contract.ts';
import { CofferdamError } from '../error.ts';
import type { World, WorldFunction } from '../wasm/types.ts';
import { assertCopyable, HANDLES } from './conform.ts';
import { JcoInstance } from './jco-instance.ts';
import { PRELUDE, type RealmFunction, type RealmModule } from './jco-realm.ts';

export interface JcoSource {
  readonly world: World;
  /** Of the component, in hex. */
  readonly sha256: string;
  /** What load/transpile.ts made: a script whose value is jco's `instantiate`. */
  readonly source: string;
  /** With their limits in them; compiled for this code alone. */
  readonly modules: readonly RealmModule[];
  readonly limits: { readonly messageBytes: number };
}

/** What the instances share. */
export interface JcoProgram extends JcoSource {
  readonly script: Script;
  readonly prelude: Script;
  readonly imports: readonly RealmFunction[];
  readonly exports: readonly RealmFunction[];
}

/**
 * Code of a component with async functions, run by jco. Every export is called by `callSuspending`. Throws
 * ABI_UNSUPPORTED for types that cannot be copied, SUSPENSION_MISSING where the engine cannot suspend Wasm.
 */
export function makeJcoCode(given: JcoSource): Code {
  const { world, sha256 } = given;
  for (const { type } of [...world.imports, ...world.exports]) assertCopyable(type, HANDLES);
  if (typeof WebAssembly.Suspending !== 'function' || typeof WebAssembly.promising !== 'function') {
    throw new CofferdamError(
      'SUSPENSION_MISSING',
      'Async components need an engine that can suspend Wasm - run on Node 25 or later',
    );
  }
  // A module that reaches the realm must not lead to our own WebAssembly by its prototype.
  for (const { module } of given.modules) Object.setPrototypeOf(module, null);
  const program: JcoProgram = {
    ...given,
    script: new Script(given.source, { filename: 'component.js' }),
    prelude: new Script(PRELUDE, { filename: 'prelude.js' }),
    imports: world.imports.map(realmFunction),
    exports: world.exports.map(realmFunction),
  };
  return {
    world,
    sha256,
    isAsync: true,
    instantiate: (host: InstanceHost): Instance => new JcoInstance(program, host),
  };
}

function realmFunction({ interface: owner, name, type }: WorldFunction): RealmFunction {
  return { interface: owner, name, isResult: type.result?.kind === 'result' };
}
