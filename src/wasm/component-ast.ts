import type { CoreExtern, CoreFuncType } from './core-types.ts';
import type { ModuleInfo } from './module-info.ts';
import type { CanonOptions, ModuleRange } from './plan.ts';
import type { PrimitiveKind } from './types.ts';

/**
 * A component as it stands in the file: definitions in order, with index spaces unresolved.
 * Source: component-model, Binary.md; one type per production.
 */
export interface ComponentAst {
  readonly range: ModuleRange;
  readonly definitions: readonly Definition[];
  readonly custom: readonly { readonly name: string; readonly size: number }[];
}

export type Definition = { readonly offset: number } & (
  | { readonly kind: 'core-module'; readonly range: ModuleRange; readonly module: ModuleInfo }
  | { readonly kind: 'core-instance'; readonly expr: CoreInstanceExpr }
  | { readonly kind: 'core-type'; readonly type: CoreTypeExpr }
  | { readonly kind: 'component'; readonly component: ComponentAst }
  | { readonly kind: 'instance'; readonly expr: InstanceExpr }
  | { readonly kind: 'alias'; readonly alias: Alias }
  | { readonly kind: 'type'; readonly type: TypeExpr }
  | { readonly kind: 'canon'; readonly canon: Canon }
  | { readonly kind: 'import'; readonly name: NameExpr; readonly type: ExternExpr }
  | { readonly kind: 'export'; readonly name: NameExpr; readonly ref: SortRef; readonly type: ExternExpr | null }
);

export type CoreSort = 'func' | 'table' | 'memory' | 'global' | 'tag' | 'type' | 'module' | 'instance';

/** `core module` and `core type` and so on are written with their prefix; the component's own sorts without. */
export type Sort = 'func' | 'value' | 'type' | 'component' | 'instance' | `core ${CoreSort}`;

export interface SortRef {
  readonly sort: Sort;
  readonly index: number;
}

export interface NameExpr {
  readonly name: string;
  readonly implements: string | null;
  readonly versionSuffix: string | null;
}

export type CoreInstanceExpr =
  | { readonly kind: 'instantiate'; readonly module: number; readonly args: readonly CoreArgument[] }
  | { readonly kind: 'exports'; readonly exports: readonly CoreInlineExport[] };

export interface CoreArgument {
  readonly name: string;
  readonly instance: number;
}

export interface CoreInlineExport {
  readonly name: string;
  readonly sort: CoreSort;
  readonly index: number;
}

export type InstanceExpr =
  | { readonly kind: 'instantiate'; readonly component: number; readonly args: readonly NamedRef[] }
  | { readonly kind: 'exports'; readonly exports: readonly InlineExport[] };

export interface NamedRef {
  readonly name: string;
  readonly ref: SortRef;
}

export interface InlineExport {
  readonly name: NameExpr;
  readonly ref: SortRef;
}

export type Alias =
  | { readonly kind: 'export'; readonly sort: Sort; readonly instance: number; readonly name: string }
  | { readonly kind: 'core-export'; readonly sort: CoreSort; readonly instance: number; readonly name: string }
  | { readonly kind: 'outer'; readonly sort: Sort; readonly count: number; readonly index: number };

export type CoreTypeExpr =
  | { readonly kind: 'func'; readonly type: CoreFuncType }
  | { readonly kind: 'module'; readonly declarations: readonly ModuleDeclaration[] };

export type ModuleDeclaration =
  | { readonly kind: 'type'; readonly type: CoreFuncType }
  | { readonly kind: 'alias'; readonly count: number; readonly index: number }
  | { readonly kind: 'import'; readonly module: string; readonly name: string; readonly type: CoreExternExpr }
  | { readonly kind: 'export'; readonly name: string; readonly type: CoreExternExpr };

/** A core import or export type whose function type is an index. */
export type CoreExternExpr =
  | { readonly kind: 'func' | 'tag'; readonly typeIndex: number }
  | Exclude<CoreExtern, { kind: 'func' | 'tag' }>;

/** `valtype`: a primitive, or the index of a defined type. */
export type ValTypeRef = { readonly primitive: PrimitiveKind | 'error-context' } | { readonly index: number };

export interface LabelledRef {
  readonly name: string;
  readonly type: ValTypeRef;
}

export interface CaseRef {
  readonly name: string;
  readonly type: ValTypeRef | null;
}

export type TypeExpr =
  | { readonly kind: 'primitive'; readonly primitive: PrimitiveKind | 'error-context' }
  | { readonly kind: 'record'; readonly fields: readonly LabelledRef[] }
  | { readonly kind: 'variant'; readonly cases: readonly CaseRef[] }
  | { readonly kind: 'list'; readonly element: ValTypeRef; readonly length: number | null }
  | { readonly kind: 'tuple'; readonly elements: readonly ValTypeRef[] }
  | { readonly kind: 'flags' | 'enum'; readonly names: readonly string[] }
  | { readonly kind: 'option'; readonly some: ValTypeRef }
  | { readonly kind: 'result'; readonly ok: ValTypeRef | null; readonly err: ValTypeRef | null }
  | { readonly kind: 'own' | 'borrow'; readonly index: number }
  | { readonly kind: 'stream' | 'future'; readonly element: ValTypeRef | null }
  | {
      readonly kind: 'func';
      readonly params: readonly LabelledRef[];
      readonly result: ValTypeRef | null;
      readonly async: boolean;
    }
  | { readonly kind: 'component' | 'instance'; readonly declarations: readonly Declaration[] }
  | { readonly kind: 'resource'; readonly dtor: number | null };

export type Declaration = PlainDeclaration | ExternDeclaration;

export type PlainDeclaration =
  | { readonly kind: 'core-type'; readonly type: CoreTypeExpr }
  | { readonly kind: 'type'; readonly type: TypeExpr }
  | { readonly kind: 'alias'; readonly alias: Alias };

export type ExternDeclaration =
  | { readonly kind: 'import'; readonly name: NameExpr; readonly type: ExternExpr }
  | { readonly kind: 'export'; readonly name: NameExpr; readonly type: ExternExpr };

export type ExternExpr =
  | { readonly sort: 'core module' | 'func' | 'component' | 'instance'; readonly index: number }
  /** `index` is null for `(sub resource)`, the type's own index for `(eq index)`. */
  | { readonly sort: 'type'; readonly index: number | null };

export type Canon =
  | { readonly kind: 'lift'; readonly func: number; readonly options: OptionsExpr; readonly type: number }
  | { readonly kind: 'lower'; readonly func: number; readonly options: OptionsExpr }
  | { readonly kind: 'resource.new' | 'resource.drop' | 'resource.rep'; readonly type: number }
  | { readonly kind: 'builtin'; readonly builtin: Builtin };

/** One of the built-ins for concurrency, which we name and type but do not run. */
export interface Builtin {
  readonly name: string;
  readonly feature: 'async' | 'error-context' | 'threads';
  /** The core function it makes; null for `task.return`, whose parameters are those of `result`. */
  readonly signature: CoreFuncType | null;
  readonly result: ValTypeRef | null;
  readonly options: OptionsExpr | null;
  /** The stream or future type, for those that have one. */
  readonly element: { readonly kind: 'stream' | 'future'; readonly type: number } | null;
  readonly memory: number | null;
  /** The function type of a new thread and the table it is found in. */
  readonly thread: { readonly type: number; readonly table: number | null } | null;
}

export interface OptionsExpr {
  readonly encoding: CanonOptions['encoding'];
  readonly memory: number | null;
  readonly realloc: number | null;
  readonly postReturn: number | null;
  readonly async: boolean;
  readonly callback: number | null;
}
