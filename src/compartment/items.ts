import { callerSignature } from '../abi/fused/index.ts';
import type { CoreFunction } from '../abi/index.ts';
import { CofferdamError } from '../error.ts';
import type { CoreItem } from '../wasm/plan.ts';
import { guestTrap } from './guest-error.ts';
import type { InlineInstance } from './inline-instance.ts';
import { invalid } from './recipe.ts';

/** What satisfies one core import of the instantiation numbered `importer`. */
export function makeItem(instance: InlineInstance, item: CoreItem, importer: number): unknown {
  switch (item.kind) {
    case 'export': {
      const found = instance.resolve(item);
      if (found === null) throw invalid(`instance ${item.instance} does not export ${JSON.stringify(item.name)}`);
      return found;
    }
    case 'lower-import':
    case 'lower-lifted':
      return makeLowered(instance, item);
    case 'resource-new':
    case 'resource-rep':
    case 'resource-drop':
      return makeResourceFunction(instance, item);
    case 'wasi':
      return makeWasi(instance, item.name, importer);
    case 'builtin':
      return guarded(instance, makeBuiltin(item.name));
  }
}

function makeLowered(instance: InlineInstance, item: CoreItem & { kind: 'lower-import' | 'lower-lifted' }): unknown {
  const { code, host } = instance;
  if (item.kind === 'lower-import' && code.whyNotFused('import', item.import) === null) {
    const fused = host.fuse?.(item.import, () => instance.fusedEnd(item.options));
    if (fused) return fused;
  }
  const lowered = code.recipe.loweredOf.get(item);
  if (lowered === undefined) throw invalid('a lowered function is not in its recipe');
  if (host.suspending.size === 0) return (code.adapters.imports[lowered] as Factory)(instance);
  const { imports, waitingImports } = code.suspendingAdapters;
  const waits = item.kind === 'lower-import' && host.suspending.has(item.import);
  const made = ((waits ? waitingImports : imports)[lowered] as Factory)(instance);
  // A link inside the component may lead to an import that waits, so it waits, too.
  if (!waits && item.kind === 'lower-import') return made;
  const type = item.kind === 'lower-lifted' ? item.lifted.type : code.world.imports[item.import]?.type;
  if (type === undefined) throw invalid(`it has no import ${item.kind}`);
  const wait = made as (...args: never[]) => Promise<unknown>;
  return code.resuming.make(callerSignature(type), wait, () => instance.resumed());
}

type Factory = (instance: InlineInstance) => CoreFunction;

function makeResourceFunction(
  instance: InlineInstance,
  { kind, resource, scope: number }: CoreItem & { kind: 'resource-new' | 'resource-rep' | 'resource-drop' },
): unknown {
  const scope = instance.scopes[number];
  const type = instance.code.recipe.plan.resources[resource];
  if (scope === undefined || type === undefined) throw invalid(`it has no resource ${resource} in scope ${number}`);
  if (kind !== 'resource-drop' && type.kind !== 'defined') throw invalid(`resource ${resource} is not its own`);
  const { handles } = scope;
  const assertMayLeave = (): void => {
    if (!scope.mayLeave) throw instance.cannotLeave();
  };
  switch (kind) {
    case 'resource-new':
      return guarded(instance, (rep: number) => {
        assertMayLeave();
        return handles.add(resource, rep, null);
      });
    case 'resource-rep':
      return guarded(instance, (index: number) => handles.get(index, resource).rep);
    case 'resource-drop':
      return guarded(instance, (index: number) => {
        assertMayLeave();
        const { rep, borrowedBy } = handles.remove(index, resource);
        if (borrowedBy !== null) return;
        if (type.kind === 'defined') instance.runDestructor(resource, rep as number, number);
        else instance.host.drop?.(resource, rep);
      });
  }
}

/** Whatever `body` throws fails the call, even if the guest catches it. */
function guarded(instance: InlineInstance, body: (...args: never[]) => unknown): CoreFunction {
  return (...args) => {
    try {
      return body(...args);
    } catch (error) {
      throw instance.doom(error);
    }
  };
}

function makeWasi(instance: InlineInstance, name: string, importer: number): unknown {
  const found = instance.wasi(importer)?.[name];
  if (found !== undefined) return guarded(instance, found);
  throw new CofferdamError(
    'WASI_NOT_GRANTED',
    `The guest imports wasi_snapshot_preview1.${name}, which it was not granted - set \`wasi: minimal\`, or load a guest that does without`,
    { details: { name } },
  );
}

/** The helpers that toolchains for core modules expect under `env`. */
function makeBuiltin(name: string): (...args: number[]) => unknown {
  if (name === 'abort') {
    return () => {
      throw guestTrap('it aborted');
    };
  }
  throw invalid(`there is no built-in ${JSON.stringify(name)}`);
}
