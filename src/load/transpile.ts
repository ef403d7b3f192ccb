import type { GenerateOptions } from '@bytecodealliance/jco-transpile/component';
import { CofferdamError } from '../error.ts';
import {
  children,
  measure,
  type UnderstoodComponent,
  type ValType,
  type World,
  type WorldFunction,
} from '../wasm/index.ts';
import { applyEdits, type InstanceLimits, limitEdits } from '../wasm/rewrite-limits.ts';
import { boundedText } from './bounded-text.ts';
import { isRefusal, loadBindgen, toolsBroken } from './wasm-tools.ts';

/** A component with async functions as jco runs it: JavaScript that asks for core modules by name. Plain data. */
export interface Transpiled {
  /** A script whose value is jco's `instantiate(getCoreModule, imports, instantiateCore)`. */
  readonly source: string;
  readonly modules: readonly TranspiledModule[];
}

export interface TranspiledModule {
  /** What the source asks for. */
  readonly name: string;
  /** How many times one instance instantiates it. */
  readonly count: number;
  /** In base64, with the limits written into it. */
  readonly bytes: string;
}

const MAX_SOURCE_CHARACTERS = 16 * 1_048_576;

/*
 * jco writes names of the component into its JavaScript between quotes and without escaping them: a core import named
 * `'+process.exit()+'` would be code. So what may be written there is decided here, on the names and before jco sees
 * them: every name in the file has to be made of these characters, none of which ends a string, a comment or a line,
 * calls anything, or stands outside of ASCII. It is more than current toolchains use.
 */
const PLAIN_NAME = /^[A-Za-z0-9_.:/@#[\]|$+-]{0,1000}$/;
/** Words of our own that stand beside names in what the decoder gives. */
const OWN_WORD = /^(?:core \w+|\(ref (?:null )?\w+\))$/;
/** `__proto__` in an object literal is no property. */
const FORBIDDEN: ReadonlySet<string> = new Set(['__proto__']);
/** What jco's own text is made of; so is everything that plain names add to it. */
const PLAIN_TEXT = /^[\n\x20-\x7e]*$/;

/**
 * Makes jco's JavaScript for a component that has async functions. Throws LOAD_ASYNC_NAME, LOAD_ASYNC_TYPE,
 * LOAD_ASYNC_REFUSED, WASM_UNSUPPORTED, LIMIT_*. Only in the disposable worker.
 */
export async function transpile(
  bytes: Uint8Array,
  { ast, plan, features }: UnderstoodComponent,
  limits: InstanceLimits,
): Promise<Transpiled> {
  assertFeatures(features);
  assertPlainNames(ast.definitions);
  for (const func of [...plan.world.imports, ...plan.world.exports]) assertPlainTypes(func);
  const { generate } = await loadBindgen();
  try {
    const { files } = generate(bytes, optionsFor(plan.world));
    return described(files, limits);
  } catch (error) {
    if (error instanceof CofferdamError) throw error;
    if (!isRefusal(error)) throw toolsBroken(error);
    throw refused(boundedText(error.message), error);
  }
}

function assertFeatures(features: ReadonlySet<string>): void {
  const beyond = [...features].filter((feature) => feature !== 'async');
  if (beyond.length === 0) return;
  throw new CofferdamError('WASM_UNSUPPORTED', `The component needs ${beyond.join(' and ')}, which is not run here.`, {
    details: { feature: beyond[0], features: [...features] },
  });
}

/** Every text in the decoded component but for names of custom sections, which jco does not read. */
function assertPlainNames(value: unknown): void {
  if (typeof value === 'string') {
    if ((PLAIN_NAME.test(value) || OWN_WORD.test(value)) && !FORBIDDEN.has(value)) return;
    throw new CofferdamError(
      'LOAD_ASYNC_NAME',
      `The name ${boundedText(JSON.stringify(value), 200)} is not run with async — use letters, digits and _.:/@#[]|$+- in names.`,
    );
  }
  if (typeof value !== 'object' || value === null) return;
  for (const [key, part] of Object.entries(value)) if (key !== 'custom') assertPlainNames(part);
}

/** What can be copied crosses between compartments, as a whole or in the chunks of a stream. */
function assertPlainTypes({ id, type }: WorldFunction): void {
  const types = [...type.params.map((param) => param.type), ...(type.result === null ? [] : [type.result])];
  const kind = types.map(beyondIn).find((found) => found !== null);
  if (!kind) return;
  throw new CofferdamError(
    'LOAD_ASYNC_TYPE',
    `${boundedText(id, 200)} has ${kind} in its type, which cannot cross between compartments — pass a list, or call once per part.`,
    { details: { function: id, kind } },
  );
}

/** What jco gets wrong counts, too: three options within one another lose a `some`, lists of fixed length fail. */
function beyondIn(type: ValType): string | null {
  if (['own', 'borrow', 'error-context'].includes(type.kind)) return type.kind;
  if (type.kind === 'list' && type.length !== undefined) return 'a list of fixed length';
  if (type.kind === 'option' && type.some.kind === 'option' && type.some.some.kind === 'option')
    return 'nested options';
  if (type.kind === 'stream' || type.kind === 'future') {
    const { kind, element } = type;
    if (element !== null && measure(element).isAsync) return `a ${kind} of streams or futures`;
    // An item is what jco takes for none of it.
    if (kind === 'stream' && (element === null || element.kind === 'option')) return 'a stream without items to copy';
  }
  for (const inner of children(type)) {
    const found = beyondIn(inner);
    if (found !== null) return found;
  }
  return null;
}

/** Whether a link waits is known later: so every import may wait, and every export is called so that it can. */
function optionsFor({ imports, exports }: World): GenerateOptions {
  const namesOf = (functions: readonly WorldFunction[]) =>
    functions
      .filter(({ type }) => !type.async)
      .flatMap(({ id, name, interface: owner }) =>
        owner === null ? [id] : [id, `${owner.replace(/@.*$/, '')}#${name}`],
      );
  return {
    name: 'component',
    map: [],
    instantiation: { tag: 'sync' },
    asyncMode: { tag: 'jspi', val: { imports: namesOf(imports), exports: namesOf(exports) } },
    noTypescript: true,
    noNodejsCompat: true,
    noComponentErrorWrapping: false,
    base64Cutoff: 0,
  };
}

function described(files: readonly (readonly [string, Uint8Array])[], limits: InstanceLimits): Transpiled {
  const script = files.find(([name]) => name.endsWith('.js'));
  if (!script) throw refused('it wrote no script');
  const text = new TextDecoder('utf-8', { fatal: true }).decode(script[1]);
  const source = `${amended(text).replace(/^ *export (?=function instantiate\(|const _util = \{)/gm, '')}\n;instantiate;\n`;
  if (source.length > MAX_SOURCE_CHARACTERS || !PLAIN_TEXT.test(source) || /^ *(?:import|export) /m.test(source)) {
    throw refused('its script is not of the form that is expected');
  }
  assertLowered(source);
  const found = files
    .filter(([name]) => name.endsWith('.wasm'))
    .map(([name, module]) => ({ name, bytes: module, count: countOf(source, name) }));
  const edits = limitEdits(found, limits);
  const modules = found.map(({ name, count, bytes }, i) => ({
    name,
    count,
    bytes: Buffer.from(applyEdits(bytes, edits[i] ?? [])).toString('base64'),
  }));
  return { source, modules };
}

/** An async function that the guest calls without async, and whose whole result is a stream: jco gives the guest no handle. */
function assertLowered(source: string): void {
  for (const { index } of source.matchAll(/resultLowerFns: \[_lowerFlat(?:Stream|Future)\(/g)) {
    const isAsync = source.startsWith('isAsync: true', source.lastIndexOf('isAsync: ', index));
    const isTyped = source.startsWith('funcTypeIsAsync: true', source.indexOf('funcTypeIsAsync: ', index));
    if (isTyped && !isAsync)
      throw refused('it calls an async function whose result is a stream or future without async');
  }
}

/*
 * What has to be otherwise in jco's runtime. It keeps a buffer of each read and write of a stream, with all that was in
 * it, for a look-up that nobody makes: a stream without end would fill the heap. And a guest that traps in what it goes
 * on with after its result was given traps unheard: whoever reads its stream would wait for ever.
 */
const AMENDMENTS: readonly (readonly [where: string, from: string, to: string])[] = [
  ['class BufferManager', 'instanceBuffers.set(nextBufID, buffer);', ''],
  ['function _driverLoop(', 'const handleError = (err) => {', 'const handleError = (err) => { taskFailed(err);'],
];

function amended(text: string): string {
  return AMENDMENTS.reduce((script, [where, from, to]) => {
    const parts = script.split(from);
    if (parts.length !== (script.includes(where) ? 2 : 1))
      throw refused('its script is not of the form that is expected');
    return parts.join(to);
  }, text);
}

/** The host holds an instance to this number, so a script that is read wrongly here cannot exceed a limit there. */
function countOf(source: string, name: string): number {
  const variable = new RegExp(`const (\\w+) = getCoreModule\\('${name.replaceAll('.', '\\.')}'\\)`).exec(source)?.[1];
  if (variable === undefined) throw refused(`its script does not ask for ${boundedText(name, 100)}`);
  return source.match(new RegExp(`instantiateCore\\(${variable}[,)]`, 'g'))?.length ?? 0;
}

function refused(why: string, cause?: unknown): CofferdamError {
  return new CofferdamError(
    'LOAD_ASYNC_REFUSED',
    `jco does not make this component runnable: ${why} — use fewer features of async, or another toolchain.`,
    { cause },
  );
}
