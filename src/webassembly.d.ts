/**
 * The WebAssembly JavaScript API as far as the package uses it: the compiler's own declarations come only with those of
 * a browser's document. Source: WebAssembly JavaScript Interface, and the JavaScript Promise Integration proposal.
 */
declare namespace WebAssembly {
  type Bytes = ArrayBufferView | ArrayBuffer;
  type ExternKind = 'function' | 'table' | 'memory' | 'global' | 'tag';
  type ImportFunction = (...args: never[]) => unknown;
  type ExportFunction = (...args: unknown[]) => unknown;
  type ImportValue = ImportFunction | Suspending | Table | Memory | Global | Tag | number | bigint;
  type Imports = Record<string, Record<string, ImportValue>>;
  type ExportValue = ExportFunction | Table | Memory | Global | Tag;

  class Module {
    constructor(bytes: Bytes);
    static exports(module: Module): { name: string; kind: ExternKind }[];
    static imports(module: Module): { module: string; name: string; kind: ExternKind }[];
    static customSections(module: Module, name: string): ArrayBuffer[];
  }

  class Instance {
    constructor(module: Module, imports?: Imports);
    readonly exports: Readonly<Record<string, ExportValue>>;
  }

  class Memory {
    constructor(descriptor: { initial: number; maximum?: number; shared?: boolean });
    readonly buffer: ArrayBuffer;
    grow(pages: number): number;
  }

  class Table {
    constructor(descriptor: { element: 'anyfunc' | 'externref'; initial: number; maximum?: number }, value?: unknown);
    readonly length: number;
    get(index: number): unknown;
    set(index: number, value?: unknown): void;
    grow(count: number, value?: unknown): number;
  }

  class Global {
    constructor(descriptor: { value: string; mutable?: boolean }, value?: unknown);
    value: unknown;
    valueOf(): unknown;
  }

  class Tag {
    constructor(descriptor: { parameters: string[] });
  }

  class Exception extends Error {
    constructor(tag: Tag, payload: unknown[], options?: { traceStack?: boolean });
    is(tag: Tag): boolean;
    getArg(tag: Tag, index: number): unknown;
  }

  class CompileError extends Error {}
  class LinkError extends Error {}
  class RuntimeError extends Error {}

  class Suspending {
    constructor(fn: ImportFunction);
  }

  function promising(fn: ExportFunction): (...args: unknown[]) => Promise<unknown>;
  function validate(bytes: Bytes): boolean;
  function compile(bytes: Bytes): Promise<Module>;
  function instantiate(bytes: Bytes, imports?: Imports): Promise<{ module: Module; instance: Instance }>;
  function instantiate(module: Module, imports?: Imports): Promise<Instance>;
}
