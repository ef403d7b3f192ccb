const FIELDS = 7;
export const NO_LOOP = -1;

/** A loop of a function, as far as its check depends on it. */
export interface Loop {
  /** Of its check, among the splices. */
  readonly place: number;
  /** Where its `loop` instruction stands. */
  readonly start: number;
  readonly end: number;
  /** Instructions in it that are in no loop inside it. */
  readonly cost: number;
  readonly calls: boolean;
  /** Whether the loop around it calls, or the function if there is none. */
  readonly callsAround: boolean;
}

/** The loops of one function, kept flat: a function of a hostile module can have a million. */
export class Loops {
  /** Place, start, end, cost, calls, parent, cost of the parent so far. */
  #fields = new Int32Array(64 * FIELDS);
  #count = 0;
  /** The innermost one. */
  #current = NO_LOOP;
  #functionCalls = false;
  /** Instructions of the region so far. */
  cost = 0;

  get functionCalls(): boolean {
    return this.#functionCalls;
  }

  reset(): void {
    this.#count = 0;
    this.#current = NO_LOOP;
    this.#functionCalls = false;
    this.cost = 0;
  }

  /** Gives the number of the loop. */
  begin(place: number, start: number, end: number): number {
    const at = this.#count * FIELDS;
    if (at === this.#fields.length) {
      const larger = new Int32Array(at * 2);
      larger.set(this.#fields);
      this.#fields = larger;
    }
    this.#fields.set([place, start, end, 0, 0, this.#current, this.cost], at);
    this.cost = 0;
    this.#current = this.#count++;
    return this.#current;
  }

  end(loop: number): void {
    const at = loop * FIELDS;
    const parent = this.#fields[at + 5] as number;
    this.#fields[at + 3] = this.cost;
    this.cost = this.#fields[at + 6] as number;
    this.#current = parent;
    if (parent !== NO_LOOP && this.#fields[at + 4] === 1) this.#fields[parent * FIELDS + 4] = 1;
  }

  /** There is a call here. */
  call(): void {
    this.#functionCalls = true;
    if (this.#current !== NO_LOOP) this.#fields[this.#current * FIELDS + 4] = 1;
  }

  *[Symbol.iterator](): Generator<Loop> {
    for (let at = 0; at < this.#count * FIELDS; at += FIELDS) {
      const [place = 0, start = 0, end = 0, cost = 0, calls = 0, parent = NO_LOOP] = this.#fields.subarray(
        at,
        at + FIELDS,
      );
      const callsAround = parent === NO_LOOP ? this.#functionCalls : this.#fields[parent * FIELDS + 4] === 1;
      yield { place, start, end, cost, calls: calls === 1, callsAround };
    }
  }
}
