import type { CoreExtern, CoreLimits, CoreValType } from './core-types.ts';

export interface ModuleImport {
  readonly module: string;
  readonly name: string;
  readonly type: CoreExtern;
}

export interface ModuleExport {
  readonly name: string;
  readonly type: CoreExtern;
}

/** What a core module needs, offers and holds, imported entries of an index space first. */
export interface ModuleInfo {
  readonly imports: readonly ModuleImport[];
  readonly exports: readonly ModuleExport[];
  readonly memories: readonly (CoreLimits & { readonly imported: boolean })[];
  readonly tables: readonly (CoreLimits & { readonly element: CoreValType; readonly imported: boolean })[];
  readonly globals: readonly { readonly type: CoreValType; readonly mutable: boolean; readonly imported: boolean }[];
  /** Does instantiating it run code? */
  readonly hasStart: boolean;
  readonly counts: ModuleCounts;
  readonly custom: readonly CustomSection[];
}

export interface ModuleCounts {
  readonly types: number;
  readonly functions: number;
  readonly importedFunctions: number;
  readonly dataSegments: number;
  readonly elementSegments: number;
  readonly codeBytes: number;
}

export interface CustomSection {
  readonly name: string;
  /** Bytes of its content, without its name. */
  readonly size: number;
}
