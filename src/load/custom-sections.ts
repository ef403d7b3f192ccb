import type { ModuleRange } from '../wasm/plan.ts';
import { Reader } from '../wasm/reader.ts';

/** Who made a module: `{ field: 'processed-by', name: 'rustc', version: '1.90.0' }`. */
export interface Producer {
  readonly field: string;
  readonly name: string;
  readonly version: string;
}

export interface CustomSections {
  /** `bytes`: of its content, without its name. */
  readonly sections: readonly { readonly name: string; readonly bytes: number }[];
  readonly producers: readonly Producer[];
  /** `simd128`, `bulk-memory`, …: what the toolchain was allowed to use. */
  readonly targetFeatures: readonly string[];
}

const MAX_ENTRIES = 1000;

/**
 * The custom sections of a core module or component. What is in them is a claim of whoever made the file. Source:
 * WebAssembly tool conventions, `ProducersSection.md` and `Linking.md`.
 */
export function readCustomSections(bytes: Uint8Array, { start, end }: ModuleRange): CustomSections {
  const whole = Reader.over(bytes, 'custom section');
  whole.skip(start);
  const reader = whole.part(end - start, 'module');
  reader.skip(8);
  const sections: { name: string; bytes: number }[] = [];
  const producers: Producer[] = [];
  const targetFeatures: string[] = [];
  while (!reader.done) {
    const id = reader.byte();
    const section = reader.part(reader.u32(), 'custom section');
    if (id !== 0) continue;
    const name = section.name();
    sections.push({ name, bytes: section.remaining });
    if (name === 'producers') producers.push(...attempt(() => readProducers(section)));
    if (name === 'target_features') targetFeatures.push(...attempt(() => readFeatures(section)));
  }
  return { sections, producers, targetFeatures };
}

function readProducers(reader: Reader): Producer[] {
  return reader
    .vector(MAX_ENTRIES, 'fields', () => {
      const field = reader.name();
      return reader.vector(MAX_ENTRIES, 'values', () => ({ field, name: reader.name(), version: reader.name() }));
    })
    .flat();
}

function readFeatures(reader: Reader): string[] {
  return reader
    .vector(MAX_ENTRIES, 'features', () => ({ isUsed: reader.byte() === 0x2b, name: reader.name() }))
    .flatMap(({ isUsed, name }) => (isUsed ? [name] : []));
}

/** A custom section that cannot be read makes no module invalid: the specification says to ignore it. */
function attempt<T>(read: () => T[]): T[] {
  try {
    return read();
  } catch {
    return [];
  }
}
