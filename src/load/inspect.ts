import { CofferdamError } from '../error.ts';
import { boundedText } from './bounded-text.ts';
import type { WorkerLimits } from './disposable-worker.ts';
import { isExamination } from './examination-shape.ts';
import type { Examination, Item } from './examine.ts';
import { manifestEntry } from './manifest-entry.ts';
import { makeParser } from './parser.ts';
import { readSource } from './source.ts';

/** What a file holds, for people. Every text in it is bounded and of one line. */
export interface Inspection extends Examination {
  /** As asked for. */
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
  /** YAML: the least that a manifest must say to run it. */
  readonly manifestEntry: string;
  /** What runs it. */
  readonly engine: 'cofferdam' | 'jco';
}

export interface InspectEnv {
  /** What `./` and the search for packages start from; default: the current folder. */
  readonly baseDir?: string;
  readonly maxBytes?: number;
  readonly worker?: WorkerLimits;
  readonly signal?: AbortSignal;
}

const MAX_NAME_CHARACTERS = 500;
const MAX_TYPE_CHARACTERS = 2000;
const DEFAULT_MAX_BYTES = 256 * 1_048_576;

/**
 * Looks into a module without running or trusting it; `file` is a path or `npm:package/path`. Throws LOAD_* and WASM_*.
 */
export async function inspectFile(file: string, env: InspectEnv = {}): Promise<Inspection> {
  const { baseDir = process.cwd(), maxBytes = DEFAULT_MAX_BYTES } = env;
  const { bytes, sha256 } = await readSource(file, null, { baseDir, maxBytes });
  await using parser = makeParser(env.worker);
  const examination = printable(parsed(await parser.parse({ task: 'examine', bytes }, env.signal)));
  return {
    file,
    bytes: bytes.length,
    sha256,
    ...examination,
    manifestEntry: manifestEntry(file, sha256, examination),
    engine: examination.isAsync ? 'jco' : 'cofferdam',
  };
}

function parsed(text: string): Examination {
  const value: unknown = JSON.parse(text);
  if (isExamination(value)) return value;
  throw new CofferdamError(
    'LOAD_CRASHED',
    'The worker that parses modules answered with something else than was asked.',
  );
}

/** Names in a file may hold anything, terminal escapes too. */
function printable(examination: Examination): Examination {
  const { imports, exports, custom, producers, features, targetFeatures } = examination;
  const name = (text: string) => boundedText(text, MAX_NAME_CHARACTERS);
  const item = (each: Item) => ({ ...each, name: name(each.name), type: boundedText(each.type, MAX_TYPE_CHARACTERS) });
  return {
    ...examination,
    imports: imports.map(item),
    exports: exports.map(item),
    custom: custom.map((each) => ({ ...each, name: name(each.name) })),
    producers: producers.map((each) => ({
      field: name(each.field),
      name: name(each.name),
      version: name(each.version),
    })),
    features: features.map(name),
    targetFeatures: targetFeatures.map(name),
  };
}
