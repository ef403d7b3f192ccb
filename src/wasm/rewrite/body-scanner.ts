import { writeUnsigned } from '../leb128.ts';
import type { Checks } from './checks.ts';
import { CodeReader } from './code-reader.ts';
import { Loops, NO_LOOP } from './loops.ts';
import type { Outline } from './outline.ts';
import { BULK_IMMEDIATES, GC_IMMEDIATES, SHAPE, SHAPES, simdShape } from './shapes.ts';
import type { Splices } from './splices.ts';

const I64 = 0x7e;

/**
 * Walks through the bodies of functions, instruction by instruction, and places the checks. Instructions are not
 * validated, only told apart: what is invalid in the input is so in the output, since all that is put between
 * instructions is valid anywhere. But an index that only the rewriting would give a meaning is refused.
 */
export class BodyScanner extends CodeReader {
  readonly #outline: Outline;
  readonly #checks: Checks;
  readonly #splices: Splices;
  /** Where the interrupt check is stored; it is the same everywhere. */
  readonly #stored: number;
  readonly #hasInterrupt: boolean;
  readonly #hasFuel: boolean;
  /** Globals from here on move up by one, or Infinity. */
  readonly #shiftsFrom: number;
  #locals = 0;
  readonly #loops = new Loops();
  /** For each open block, which loop it is. */
  #open = new Int32Array(256);
  #depth = 0;
  /** Segments that are dropped: then the state of an instance is more than what can be read. */
  dropsSegments = false;

  constructor(outline: Outline, checks: Checks, splices: Splices, fuel: { readonly shiftsFrom: number } | null) {
    super(outline.module);
    this.#outline = outline;
    this.#checks = checks;
    this.#splices = splices;
    this.#stored = splices.store(checks.interrupt);
    this.#hasInterrupt = checks.interrupt.length > 0;
    this.#hasFuel = fuel !== null;
    this.#shiftsFrom = fuel?.shiftsFrom ?? Number.POSITIVE_INFINITY;
  }

  /** A function's locals and instructions, between two offsets. */
  scan(start: number, end: number, params: number): void {
    this.at = start;
    this.end = end;
    this.#locals = params;
    this.#loops.reset();
    this.#depth = 0;
    const groups = this.u32();
    const groupsAt = this.at;
    for (let n = groups; n > 0; n--) {
      this.#locals += this.u32();
      this.at = this.valType(this.at);
      if (this.at > end) this.cutOff();
    }
    const code = this.at;
    const count = this.#hasFuel ? this.#splices.reserve(start, groupsAt) : 0;
    const entry = this.#splices.reserve(code, code);
    this.#instructions();
    if (this.#hasFuel) {
      const bytes: number[] = [];
      writeUnsigned(bytes, groups + 1);
      this.#splices.fill(count, bytes);
      const { cost, functionCalls } = this.#loops;
      const check = this.#checks.charge(cost, this.#locals, false, functionCalls);
      this.#splices.fill(entry, [0x01, I64, ...check]);
      this.#chargeLoops();
    } else if (this.#loops.functionCalls) this.#splices.fill(entry, this.#checks.interrupt);
  }

  /** Each once: the costs of loops are known now, and which of them call. */
  #chargeLoops(): void {
    for (const { place, start, end, cost, calls, callsAround } of this.#loops) {
      const check = this.#checks.charge(cost, this.#locals, !calls, this.#hasInterrupt);
      // In a loop that does not call, the local is up to date, once it has been brought so in front of the outermost.
      if (calls || !callsAround) this.#splices.fill(place, check);
      else {
        const loop = this.bytes.subarray(start, end);
        this.#splices.fill(place, [...this.#checks.reload(this.#locals), ...loop, ...check], start);
      }
    }
  }

  #instructions(): void {
    const bytes = this.bytes;
    const end = this.end;
    let at = this.at;
    let count = 0;
    while (at < end) {
      const op = bytes[at++] as number;
      count++;
      switch (SHAPES[op]) {
        case SHAPE.none:
          continue;
        case SHAPE.local: {
          // Most indices are small; a longer encoding is read in the other branch.
          const index = bytes[at] as number;
          if (index < 0x80) {
            at++;
            if (index >= this.#locals) this.beyond(at, 'local', index);
            continue;
          }
          break;
        }
        case SHAPE.leb:
          while ((bytes[at++] as number) > 0x7f);
          continue;
        case SHAPE.access:
          if ((bytes[at] as number) < 0x40 && this.#outline.memories > 0) {
            at++;
            while ((bytes[at++] as number) > 0x7f);
            continue;
          }
          break;
      }
      this.at = at;
      this.#loops.cost += count;
      count = 0;
      this.#immediates(op);
      at = this.at;
    }
    this.#loops.cost += count;
    this.at = at;
    if (at > end) this.cutOff();
    if (this.#depth >= 0) this.refuse('WASM_MALFORMED', at, 'A function does not end with `end`');
  }

  #immediates(op: number): void {
    switch (SHAPES[op]) {
      case SHAPE.local:
        this.#index('local', this.#locals);
        return;
      case SHAPE.access:
        this.#access();
        return;
      case SHAPE.global:
        this.#global();
        return;
      case SHAPE.call:
        this.#loops.call();
        this.leb();
        return;
      case SHAPE.callIndirect:
        this.#loops.call();
        this.leb();
        this.#index('table', this.#outline.tables);
        return;
      case SHAPE.open:
        this.at = this.blockType(this.at);
        this.#push(NO_LOOP);
        return;
      case SHAPE.loop:
        this.#beginLoop();
        return;
      case SHAPE.end:
        this.#loops.cost--;
        this.#endBlock();
        return;
      case SHAPE.delegate:
        this.leb();
        this.#endBlock();
        return;
      case SHAPE.else:
        this.#loops.cost--;
        return;
      case SHAPE.memory:
        this.#index('memory', this.#outline.memories);
        return;
      case SHAPE.table:
        this.#index('table', this.#outline.tables);
        return;
      case SHAPE.f32:
        this.at += 4;
        return;
      case SHAPE.f64:
        this.at += 8;
        return;
      default:
        this.#rare(op);
    }
  }

  #rare(op: number): void {
    const start = this.at - 1;
    switch (SHAPES[op]) {
      case SHAPE.brTable:
        for (let n = this.u32(); n >= 0 && this.at <= this.end; n--) this.leb();
        return;
      case SHAPE.select:
        for (let n = this.u32(); n > 0 && this.at <= this.end; n--) this.at = this.valType(this.at);
        return;
      case SHAPE.tryTable:
        this.at = this.blockType(this.at);
        this.#push(NO_LOOP);
        for (let n = this.u32(); n > 0 && this.at <= this.end; n--) this.#catch();
        return;
      case SHAPE.gc:
        this.#each(GC_IMMEDIATES, start, op);
        return;
      case SHAPE.bulk:
        this.#each(BULK_IMMEDIATES, start, op);
        return;
      case SHAPE.simd:
        this.#simd(start);
        return;
      case SHAPE.atomic:
        this.refuse('WASM_UNSUPPORTED', start, 'An atomic instruction (build the module without threads)', 'threads');
    }
    this.unknown(start, op, null);
  }

  #each(table: readonly string[], start: number, op: number): void {
    const code = this.u32();
    const immediates = table[code];
    if (immediates === undefined) this.unknown(start, op, code);
    for (const letter of immediates) {
      if (letter === 'M') this.#index('memory', this.#outline.memories);
      else if (letter === 'T') this.#index('table', this.#outline.tables);
      else if (letter === 'E') this.#index('element segment', this.#outline.elements);
      else if (letter === 'b') this.at++;
      else if (letter === 'X') {
        this.dropsSegments = true;
        this.#index('element segment', this.#outline.elements);
      } else {
        if (letter === 'D') this.dropsSegments = true;
        this.leb();
      }
    }
  }

  #simd(start: number): void {
    const code = this.u32();
    const shape = simdShape(code);
    if (shape === null) this.unknown(start, 0xfd, code);
    if (shape < 0) {
      this.#access();
      if (shape === -2) this.at++;
    } else this.at += shape;
  }

  #catch(): void {
    const at = this.at++;
    const kind = this.bytes[at] as number;
    if (kind > 3) this.refuse('WASM_MALFORMED', at, 'An unknown kind of catch clause');
    if (kind < 2) this.leb();
    this.leb();
  }

  #access(): void {
    const alignment = this.u32();
    // Bit 6 says that a memory index follows (multi-memory).
    if ((alignment & 0x40) !== 0) this.#index('memory', this.#outline.memories);
    else if (this.#outline.memories === 0) this.beyond(this.at, 'memory', 0);
    this.leb();
  }

  #global(): void {
    const start = this.at;
    const index = this.u32();
    if (index >= this.#outline.globals) this.beyond(start, 'global', index);
    if (index < this.#shiftsFrom) return;
    const bytes: number[] = [];
    writeUnsigned(bytes, index + 1);
    this.#splices.add(start, this.at, bytes);
  }

  #beginLoop(): void {
    const start = this.at - 1;
    this.at = this.blockType(this.at);
    if (!this.#hasFuel) {
      if (this.#hasInterrupt) this.#splices.place(this.at, this.at, this.#stored, this.#checks.interrupt.length);
      this.#push(NO_LOOP);
      return;
    }
    this.#push(this.#loops.begin(this.#splices.reserve(this.at, this.at), start, this.at));
  }

  #endBlock(): void {
    if (--this.#depth < 0) {
      if (this.at !== this.end) this.refuse('WASM_MALFORMED', this.at, 'Bytes follow the end of a function');
      return;
    }
    const loop = this.#open[this.#depth] as number;
    if (loop !== NO_LOOP) this.#loops.end(loop);
  }

  #push(loop: number): void {
    if (this.#depth === this.#open.length) {
      const larger = new Int32Array(this.#depth * 2);
      larger.set(this.#open);
      this.#open = larger;
    }
    this.#open[this.#depth++] = loop;
  }

  #index(what: string, count: number): void {
    const start = this.at;
    const index = this.u32();
    if (index >= count) this.beyond(start, what, index);
  }
}
