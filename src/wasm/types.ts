/**
 * Component-level types after resolution: what a function takes and gives, whatever toolchain made the guest.
 * Source: WebAssembly/component-model, Explainer.md "Type Definitions". Plain data (structured-cloneable, JSON-able),
 * except that a resource is identified by a number that is unique within one `World`.
 */
export type PrimitiveKind =
  | 'bool'
  | 's8'
  | 'u8'
  | 's16'
  | 'u16'
  | 's32'
  | 'u32'
  | 's64'
  | 'u64'
  | 'f32'
  | 'f64'
  | 'char'
  | 'string';

export type ValType =
  | { readonly kind: PrimitiveKind }
  | { readonly kind: 'list'; readonly element: ValType; readonly length?: number }
  | { readonly kind: 'record'; readonly fields: readonly Field[] }
  | { readonly kind: 'tuple'; readonly elements: readonly ValType[] }
  | { readonly kind: 'variant'; readonly cases: readonly Case[] }
  | { readonly kind: 'enum'; readonly names: readonly string[] }
  | { readonly kind: 'option'; readonly some: ValType }
  | { readonly kind: 'result'; readonly ok: ValType | null; readonly err: ValType | null }
  | { readonly kind: 'flags'; readonly names: readonly string[] }
  | { readonly kind: 'own'; readonly resource: number }
  | { readonly kind: 'borrow'; readonly resource: number }
  | { readonly kind: 'stream'; readonly element: ValType | null }
  | { readonly kind: 'future'; readonly element: ValType | null }
  | { readonly kind: 'error-context' };

/** `name` is the WIT name (kebab-case). */
export interface Field {
  readonly name: string;
  readonly type: ValType;
}

export interface Case {
  readonly name: string;
  readonly type: ValType | null;
}

export interface FuncType {
  readonly params: readonly Field[];
  readonly result: ValType | null;
  /** Declared `async` in WIT (WASI 0.3): not run by the own runtime. */
  readonly async: boolean;
}

/** A resource type that a world mentions. */
export interface ResourceType {
  /** The WIT name of the resource, e.g. `connection`. */
  readonly name: string;
  /** The interface that defines it, or null at world level. */
  readonly interface: string | null;
  /** Does the world import it (somebody else implements it) or define and export it? */
  readonly side: 'import' | 'export';
}

/** One function of a world, on the import or the export side. */
export interface WorldFunction {
  /** The interface it belongs to, e.g. `desk:text/classify@1.0.0`, or null for a function at world level. */
  readonly interface: string | null;
  /** Its component-level name within the interface: `classify`, `[method]connection.send`, … */
  readonly name: string;
  /** `interface#name`, or `name` at world level: unique within its side of the world. */
  readonly id: string;
  readonly type: FuncType;
}

/**
 * What a guest needs and offers, flattened to functions. Positions in `imports` and `exports` are what the rest of the
 * program numbers edges by.
 */
export interface World {
  readonly imports: readonly WorldFunction[];
  readonly exports: readonly WorldFunction[];
  readonly resources: readonly ResourceType[];
}
