/**
 * Every bound on hostile bytes, in one place. Counts follow the implementation limits of the WebAssembly JavaScript
 * interface ("Implementation-defined limits"), and what wasm-tools accepts where that document says nothing; the rest
 * keep the work and the memory of one parse proportional to what a real program needs.
 */
export const WASM_LIMITS = {
  /** The file. The largest real program we know of (CPython) has 26 MB. */
  maxBytes: 256 * 1024 * 1024,
  /** UTF-8 bytes of one name. */
  maxNameBytes: 100_000,
  /**
   * Items of all vectors of one file together: bounds memory whatever the shape of the file. Enough for a core module
   * with a million imports.
   */
  maxItems: 1_100_000,
  /** What a component's definition or declaration counts among them: each is resolved into more than a core item is. */
  definitionWeight: 10,
  /** Entries of one index space of a core module. */
  maxCoreItems: 1_000_000,
  maxCoreTables: 100_000,
  maxCoreMemories: 100,
  maxCoreParams: 1000,
  maxCoreResults: 1000,
  maxStructFields: 10_000,
  /** Function locals are not read here; data segments are only counted. */
  maxDataSegments: 100_000,
  /** Components in components, and types in types. */
  maxNesting: 100,
  /** Core modules, components, core instances and component instances that one component defines, each. */
  maxComponentParts: 1000,
  /** Entries of any other index space of a component. */
  maxComponentItems: 1_000_000,
  maxFields: 10_000,
  maxParams: 1000,
  maxFlags: 32,
  /** Nodes of one resolved type, counted as a tree: a file of 1 kB can name a tree of 2^300 nodes. */
  maxTypeNodes: 100_000,
  /** Nesting of one resolved value type. */
  maxTypeDepth: 100,
  /** A value's bytes in memory with 64-bit pointers must stay below this (Binary.md, `defvaltype`). */
  maxElementBytes: 2 ** 28,
  /** Steps of type comparison and substitution in one validation: the types of a file can be nested to explode. */
  maxTypeSteps: 1_000_000,
  /** Core instantiations of one plan, and component instances flattened into it. */
  maxInstantiations: 10_000,
  maxScopes: 10_000,
  /** Component instances made inside one another. */
  maxInstanceDepth: 200,
  /** Parts of a plan as a tree: it is stored as JSON. */
  maxPlanNodes: 1_000_000,
  /** Definitions walked while flattening: nested components can be instantiated over and over. */
  maxPlanSteps: 1_000_000,
} as const;
