import { CofferdamError } from '../../error.ts';
import { WASM_LIMITS } from '../limits.ts';
import { Reader } from '../reader.ts';
import { BodyScanner } from './body-scanner.ts';
import { Checks } from './checks.ts';
import { isStaleCustomSection } from './custom.ts';
import { type Outline, readOutline } from './outline.ts';
import { FUEL, FUEL_EXPORT, INTERRUPT, REWRITE_MODULE, type RewriteOptions, type Rewritten } from './rewritten.ts';
import { type Additions, SECTION, SectionEditor, text, unsigned } from './sections.ts';
import { Splices } from './splices.ts';

export {
  FUEL,
  FUEL_EXPORT,
  INTERRUPT,
  type OwnMemory,
  RESERVED_PREFIX,
  REWRITE_MODULE,
  type RewriteOptions,
  type Rewritten,
} from './rewritten.ts';

/**
 * Makes a core module interruptible, metered, or ready for snapshots (`RewriteOptions`). No index of the module changes
 * but those of globals under `fuel: 'shared'`, which are changed everywhere. The module need not be valid: the engine judges
 * the result, and what only the rewriting would make valid is refused here.
 *
 * Works in one pass over the sections, functions and instructions, and holds the input, the output (of exactly its size)
 * and per change 16 bytes and the new bytes.
 *
 * Throws WASM_TRUNCATED, WASM_MALFORMED, WASM_LIMIT, WASM_UNSUPPORTED (threads, unknown instructions), LIMIT_SHARED and
 * WASM_RESERVED_NAME.
 */
export function rewrite(module: Uint8Array, options: RewriteOptions): Rewritten {
  const outline = readOutline(module);
  const splices = new Splices(module, WASM_LIMITS.maxBytes);
  const { interrupt, fuel } = options;
  const isShared = fuel === 'shared';
  const fuelIndex = fuel === false ? null : isShared ? outline.importedGlobals : outline.globals;
  const checks = new Checks(interrupt ? outline.memories : null, fuelIndex);
  const shiftsFrom = isShared ? outline.importedGlobals : Number.POSITIVE_INFINITY;
  const scanner = new BodyScanner(outline, checks, splices, fuel === false ? null : { shiftsFrom });
  const editor = new SectionEditor(outline, splices, additions(outline, options));
  for (const section of outline.sections) {
    if (section.id === SECTION.custom) {
      if (isStaleCustomSection(module, section)) editor.drop(section);
      continue;
    }
    editor.makeBefore(section.id, section.start);
    if (section.id === SECTION.memory) editor.drop(section);
    else if (section.id === SECTION.code) {
      editor.edit(section, () => rewriteBodies(outline, section, scanner, splices));
    } else editor.edit(section);
  }
  editor.makeBefore(null, module.length);
  if (splices.isTooLarge) throw tooLarge();
  return {
    bytes: splices.apply(),
    memories: outline.ownMemories.map(({ limits: _, ...memory }) => memory),
    importsInterrupt: interrupt,
    fuel,
  };
}

/** What is imported, defined and exported besides what the module has. */
function additions(outline: Outline, { interrupt, fuel }: RewriteOptions): Additions {
  const from = (name: string, kind: number, type: Iterable<number>) => [
    ...text(REWRITE_MODULE),
    ...text(name),
    kind,
    ...type,
  ];
  const imports = outline.ownMemories.map(({ name, limits }) => from(name, 2, limits));
  // Shared, one page at least and at most.
  if (interrupt) imports.push(from(INTERRUPT, 2, [3, 1, 1]));
  if (fuel === 'shared') imports.push(from(FUEL, 3, [0x7e, 1]));
  if (fuel !== 'own') return { [SECTION.import]: imports };
  return {
    [SECTION.import]: imports,
    [SECTION.global]: [[0x7e, 1, 0x42, ...MAX_I64, 0x0b]],
    [SECTION.export]: [[...text(FUEL_EXPORT), 3, ...unsigned(outline.globals)]],
  };
}

/** 2^63 - 1 as a signed LEB128. */
const MAX_I64 = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00];

/** Source: kV8MaxWasmFunctionSize, V8's own bound, which the web's implementations share. */
const MAX_BODY_BYTES = 7_654_321;

function rewriteBodies(
  outline: Outline,
  { content, end }: Outline['sections'][number],
  scanner: BodyScanner,
  splices: Splices,
): void {
  const reader = new Reader(outline.module, content, end, 'core module, code section', { items: WASM_LIMITS.maxItems });
  const count = reader.count(WASM_LIMITS.maxCoreItems, 'function bodies');
  if (count !== outline.parameters.length) {
    reader.fail('WASM_MALFORMED', `${count} bodies for ${outline.parameters.length} functions`, { offset: content });
  }
  for (let i = 0; i < count; i++) {
    const start = reader.offset;
    const size = reader.u32();
    const body = reader.offset;
    reader.skip(size);
    const written = splices.sized(start, body, size, () =>
      scanner.scan(body, body + size, outline.parameters[i] as number),
    );
    if (written > MAX_BODY_BYTES) reader.fail('WASM_LIMIT', 'A function becomes too large with its checks');
    if (splices.isTooLarge) throw tooLarge();
  }
  reader.assertDone();
}

function tooLarge(): CofferdamError {
  const message = `With its checks the module is larger than ${WASM_LIMITS.maxBytes} bytes: split it.`;
  return new CofferdamError('WASM_LIMIT', message);
}
