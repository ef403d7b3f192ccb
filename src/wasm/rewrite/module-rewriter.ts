import { CofferdamError } from '../../error.ts';
import type { Section } from '../limit-sections.ts';
import { WASM_LIMITS } from '../limits.ts';
import { Reader } from '../reader.ts';
import { BodyScanner } from './body-scanner.ts';
import { Checks } from './checks.ts';
import { readCustom, shiftGlobalNames } from './custom.ts';
import { BranchHints } from './hints.ts';
import type { Outline } from './outline.ts';
import { FUEL, FUEL_EXPORT, INTERRUPT, REWRITE_MODULE, type RewriteOptions, type Rewritten } from './rewritten.ts';
import { type Additions, SECTION, SectionEditor, text, unsigned } from './sections.ts';
import { snapshotOf, whyNoSnapshot } from './snapshot.ts';
import { Splices } from './splices.ts';

/** 2^63 - 1 as a signed LEB128. */
const MAX_I64 = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00];
const I64 = 0x7e;
/** Source: kV8MaxWasmFunctionSize, V8's own bound. */
const MAX_BODY_BYTES = 7_654_321;

/** One module on its way through: its sections in file order. */
export class ModuleRewriter {
  readonly #outline: Outline;
  readonly #options: RewriteOptions;
  readonly #splices: Splices;
  readonly #scanner: BodyScanner;
  readonly #editor: SectionEditor;
  readonly #snapshot: ReturnType<typeof snapshotOf> | null;
  /** Globals from here on move up by one, to make room for an imported one. */
  readonly #shiftsFrom: number;
  #hints: BranchHints | null = null;

  constructor(outline: Outline, options: RewriteOptions) {
    const { fuel, interrupt, snapshot, restore = false } = options;
    this.#outline = outline;
    this.#options = options;
    this.#splices = new Splices(outline.module, WASM_LIMITS.maxBytes);
    this.#shiftsFrom = fuel === 'shared' ? outline.importedGlobals : Number.POSITIVE_INFINITY;
    const fuelGlobal = fuel === false ? null : fuel === 'shared' ? outline.importedGlobals : outline.globals;
    const checks = new Checks(interrupt ? outline.memories : null, fuelGlobal);
    const scannerFuel = fuel === false ? null : { shiftsFrom: this.#shiftsFrom };
    this.#scanner = new BodyScanner(outline, checks, this.#splices, scannerFuel);
    this.#snapshot = snapshot || restore ? snapshotOf(outline, this.#shiftsFrom) : null;
    this.#editor = new SectionEditor(outline, this.#splices, this.#additions());
  }

  rewrite(): Rewritten {
    const { module, sections, ownMemories } = this.#outline;
    for (const section of sections) {
      if (section.id === SECTION.custom) this.#custom(section);
      else {
        this.#editor.makeBefore(section.id, section.start);
        this.#section(section);
      }
    }
    this.#editor.makeBefore(null, module.length);
    this.#hints?.finish();
    this.#assertSize();
    return {
      bytes: this.#splices.apply(),
      memories: ownMemories.map(({ limits: _, ...memory }) => memory),
      importsInterrupt: this.#options.interrupt,
      fuel: this.#options.fuel,
      snapshot: this.#snapshot?.exports ?? null,
      whyNoSnapshot: whyNoSnapshot(this.#outline, this.#scanner.dropsSegments),
    };
  }

  #section(section: Section): void {
    const { restore = false } = this.#options;
    const { id } = section;
    if (id === SECTION.memory || (id === SECTION.start && restore)) this.#editor.drop(section);
    else if (id === SECTION.code) this.#editor.edit(section, () => this.#bodies(section));
    else {
      this.#editor.edit(section, () => {
        if (id === SECTION.data && restore) this.#emptyData();
        else this.#shiftGlobals(id);
      });
    }
  }

  /** What is imported, defined and exported besides what the module has. */
  #additions(): Additions {
    const { fuel, interrupt } = this.#options;
    const outline = this.#outline;
    const from = (name: string, kind: number, type: Iterable<number>) => [
      ...text(REWRITE_MODULE),
      ...text(name),
      kind,
      ...type,
    ];
    const imports = outline.ownMemories.map(({ name, limits }) => from(name, 2, limits));
    // Shared, one page at least and at most.
    if (interrupt) imports.push(from(INTERRUPT, 2, [3, 1, 1]));
    if (fuel === 'shared') imports.push(from(FUEL, 3, [I64, 1]));
    const added = this.#snapshot?.additions ?? {};
    if (fuel !== 'own') return { ...added, [SECTION.import]: imports };
    const exported = [...text(FUEL_EXPORT), 3, ...unsigned(outline.globals)];
    return {
      ...added,
      [SECTION.import]: imports,
      [SECTION.global]: [[I64, 1, 0x42, ...MAX_I64, 0x0b]],
      [SECTION.export]: [...(added[SECTION.export] ?? []), exported],
    };
  }

  #custom(section: Section): void {
    const { name, reader } = readCustom(this.#outline.module, section);
    if (name === 'stale') this.#editor.drop(section);
    else if (name === 'hints') {
      // Only one is heeded, in front of the code.
      if (this.#hints === null) this.#hints = new BranchHints(reader, this.#splices, section);
      else this.#editor.drop(section);
    } else if (name === 'name' && this.#options.fuel === 'shared') {
      const body = reader.offset;
      const names = shiftGlobalNames(reader, this.#shiftsFrom);
      if (names === null) this.#editor.drop(section);
      else this.#editor.edit(section, () => this.#splices.add(body, section.end, names));
    }
  }

  #shiftGlobals(id: number): void {
    for (const { index, start, end } of this.#outline.globalUses.get(id) ?? []) {
      if (index >= this.#shiftsFrom) this.#splices.add(start, end, unsigned(index + 1));
    }
  }

  /** The segments stay, and their offsets are checked; but nothing is written, as after they have been dropped. */
  #emptyData(): void {
    const shifts = this.#outline.globalUses.get(SECTION.data) ?? [];
    const changes = [
      ...this.#outline.activeData.map(({ start, end }) => ({ start, end, bytes: [0] })),
      ...shifts.map(({ index, start, end }) => ({
        start,
        end,
        bytes: unsigned(index >= this.#shiftsFrom ? index + 1 : index),
      })),
    ];
    for (const { start, end, bytes } of changes.sort((a, b) => a.start - b.start)) this.#splices.add(start, end, bytes);
  }

  #bodies({ content, end }: Section): void {
    const { module, signatures, importedFunctions } = this.#outline;
    const reader = new Reader(module, content, end, 'core module, code section', { items: WASM_LIMITS.maxItems });
    const count = reader.count(WASM_LIMITS.maxCoreItems, 'function bodies');
    const expected = signatures.length - importedFunctions;
    if (count !== expected) {
      reader.fail('WASM_MALFORMED', `${count} bodies for ${expected} functions`, { offset: content });
    }
    for (let index = importedFunctions; index < signatures.length; index++) {
      const start = reader.offset;
      const size = reader.u32();
      const body = reader.offset;
      reader.skip(size);
      const params = signatures[index]?.params.length ?? 0;
      const first = this.#splices.length + 1;
      const written = this.#splices.sized(start, body, size, () => this.#scanner.scan(body, body + size, params));
      if (written > MAX_BODY_BYTES) reader.fail('WASM_LIMIT', 'A function becomes too large with its checks');
      this.#assertSize();
      this.#hints?.move(index, body, first);
    }
    reader.assertDone();
  }

  #assertSize(): void {
    if (!this.#splices.isTooLarge) return;
    throw new CofferdamError(
      'WASM_LIMIT',
      `With its checks the module is larger than ${WASM_LIMITS.maxBytes} bytes: split it.`,
    );
  }
}
