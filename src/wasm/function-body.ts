import { writeSigned, writeUnsigned } from './leb128.ts';
import { CORE_TYPES, type CoreType, EMPTY_BLOCK, OPCODES, type Opcode } from './opcodes.ts';

/** A block that encloses the code being written, to branch to. */
export type Label = number;

type LoadOrStore = Extract<Opcode, `${string}.${'load' | 'store'}${string}`>;

/** The code of one function, written in order. Blocks close themselves; locals that are given back are used again. */
export class FunctionBody {
  readonly #bytes: number[] = [];
  readonly #paramCount: number;
  readonly #locals: CoreType[] = [];
  readonly #free: Record<CoreType, number[]> = { i32: [], i64: [], f32: [], f64: [] };
  /** Positions of branches that are seldom taken. */
  readonly #rare: number[] = [];
  #depth = 0;

  constructor(paramCount: number) {
    this.#paramCount = paramCount;
  }

  /** A local whose value is what was left in it. */
  local(type: CoreType): number {
    return this.#free[type].pop() ?? this.#paramCount + this.#locals.push(type) - 1;
  }

  /** Gives a local back; never a parameter. */
  release(...locals: readonly number[]): void {
    for (const local of locals) this.#free[this.#locals[local - this.#paramCount] as CoreType].push(local);
  }

  op(...names: readonly Opcode[]): this {
    for (const name of names) this.#bytes.push(...OPCODES[name]);
    return this;
  }

  i32(value: number): this {
    this.op('i32.const');
    writeSigned(this.#bytes, BigInt(value | 0));
    return this;
  }

  i64(value: bigint): this {
    this.op('i64.const');
    writeSigned(this.#bytes, value);
    return this;
  }

  zero(type: CoreType): this {
    this.op(`${type}.const`);
    this.#bytes.push(...Array.from({ length: type === 'f32' ? 4 : type === 'f64' ? 8 : 1 }, () => 0));
    return this;
  }

  get(...locals: readonly number[]): this {
    for (const local of locals) this.#indexed('local.get', local);
    return this;
  }

  set(local: number): this {
    return this.#indexed('local.set', local);
  }

  tee(local: number): this {
    return this.#indexed('local.tee', local);
  }

  getGlobal(global: number): this {
    return this.#indexed('global.get', global);
  }

  setGlobal(global: number): this {
    return this.#indexed('global.set', global);
  }

  call(func: number): this {
    return this.#indexed('call', func);
  }

  callIndirect(type: number, table: number): this {
    this.#indexed('call_indirect', type);
    writeUnsigned(this.#bytes, table);
    return this;
  }

  /** A load or store at the address on the stack plus `offset`, aligned or not. */
  memory(name: LoadOrStore, memory: number, offset = 0): this {
    this.op(name);
    // Bit 6 of the alignment says that a memory index follows (multi-memory).
    if (memory === 0) this.#bytes.push(0);
    else {
      this.#bytes.push(0x40);
      writeUnsigned(this.#bytes, memory);
    }
    writeUnsigned(this.#bytes, offset);
    return this;
  }

  memorySize(memory: number): this {
    return this.#indexed('memory.size', memory);
  }

  /** Takes target address, source address and byte count. */
  memoryCopy(target: number, source: number): this {
    this.#indexed('memory.copy', target);
    writeUnsigned(this.#bytes, source);
    return this;
  }

  /** Branching to the label leaves the block. */
  block(body: (exit: Label) => void): this {
    return this.#nest('block', body);
  }

  /** Branching to the label runs the block again. */
  loop(body: (again: Label) => void): this {
    return this.#nest('loop', body);
  }

  /** Runs `then` if the i32 on the stack is not 0, which it hardly ever is: the engine keeps such code out of the way. */
  rarely(then: () => void, otherwise: (() => void) | null = null): this {
    this.#rare.push(this.#bytes.length);
    return this.when(then, otherwise);
  }

  /** Runs `then` if the i32 on the stack is not 0. */
  when(then: () => void, otherwise: (() => void) | null = null): this {
    return this.#nest('if', () => {
      then();
      if (otherwise === null) return;
      this.op('else');
      otherwise();
    });
  }

  branch(label: Label): this {
    return this.#indexed('br', this.#depth - label);
  }

  branchIf(label: Label): this {
    return this.#indexed('br_if', this.#depth - label);
  }

  /**
   * By the value of a local: at position `i` of `choice` is the number of the branch to run, or -1 for none. Values beyond
   * run `otherwise`, which must not come back.
   */
  switch(local: number, choice: readonly number[], branches: readonly (() => void)[], otherwise: () => void): this {
    const exit = this.#begin('block');
    // Nested without recursion: a hostile type can have very many cases.
    const labels = branches.map(() => this.#begin('block'));
    const beyond = this.#begin('block');
    this.get(local).#indexed('br_table', choice.length);
    for (const branch of choice) writeUnsigned(this.#bytes, this.#depth - (labels[branch] ?? exit));
    writeUnsigned(this.#bytes, this.#depth - beyond);
    this.#end();
    otherwise();
    for (const branch of branches.toReversed()) {
      this.#end();
      branch();
      this.branch(exit);
    }
    return this.#end();
  }

  /** What follows the length in an entry of the code section, and where in it the rare branches are. */
  finish(): { readonly code: number[]; readonly rare: number[] } {
    const locals: number[] = [];
    writeUnsigned(locals, this.#locals.length);
    for (const type of this.#locals) locals.push(1, CORE_TYPES[type]);
    return {
      code: [...locals, ...this.#bytes, ...OPCODES.end],
      rare: this.#rare.map((position) => locals.length + position),
    };
  }

  #indexed(name: Opcode, index: number): this {
    this.op(name);
    writeUnsigned(this.#bytes, index);
    return this;
  }

  #nest(name: 'block' | 'loop' | 'if', body: (label: Label) => void): this {
    body(this.#begin(name));
    return this.#end();
  }

  #begin(name: 'block' | 'loop' | 'if'): Label {
    this.op(name);
    this.#bytes.push(EMPTY_BLOCK);
    return ++this.#depth;
  }

  #end(): this {
    this.#depth--;
    return this.op('end');
  }
}
