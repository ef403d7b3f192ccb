/** A program that nobody here wrote, and something for it to do. */
export interface Program {
  readonly name: string;
  /** Which of several kinds of toolchain made it, for the reader of the table. */
  readonly made: string;
  readonly modules: 'one' | 'several';
  /** Loads it. What it gives runs the program once, in an instance that `fresh` makes anew, and tells what came out. */
  load(): Promise<Loaded>;
}

export interface Loaded {
  /** Replaces what an interruption has left in an unknown state. */
  fresh(): Promise<void> | void;
  run(): Promise<string> | string;
}
