import type { CoreExternExpr, CoreTypeExpr } from './component-ast.ts';
import type { CoreExtern, CoreFuncType } from './core-types.ts';
import type { CoreTypeEntity, ModuleType } from './entities.ts';
import { quote, quotePair } from './quote.ts';
import type { Fail } from './resolve-values.ts';

/** Finds the core type that an alias inside a module type means, counted from the scope around the module type. */
export type OuterCoreType = (alias: { readonly count: number; readonly index: number }) => CoreTypeEntity;

/** A core type expression: a function type, or what a core module imports and exports. */
export function resolveCoreType(expr: CoreTypeExpr, outer: OuterCoreType, fail: Fail): CoreTypeEntity {
  if (expr.kind === 'func') return expr;
  const types: CoreFuncType[] = [];
  const imports: ModuleType['imports'][number][] = [];
  const exports = new Map<string, CoreExtern>();
  for (const declaration of expr.declarations) {
    switch (declaration.kind) {
      case 'type':
        types.push(declaration.type);
        break;
      case 'alias': {
        const { count, index } = declaration;
        const found = count === 0 ? null : outer({ count: count - 1, index });
        const type = found === null ? types[index] : found.kind === 'func' ? found.type : undefined;
        types.push(type ?? fail('an alias in a core module type must be to a core function type'));
        break;
      }
      case 'import': {
        const { module, name } = declaration;
        imports.push({ module, name, type: resolveExtern(declaration.type, types, fail) });
        break;
      }
      case 'export':
        if (exports.has(declaration.name)) fail(`two core exports are named ${quote(declaration.name)}`);
        exports.set(declaration.name, resolveExtern(declaration.type, types, fail));
    }
  }
  checkImportNames(imports, fail);
  return { kind: 'module', type: { imports, exports } };
}

/** Core WebAssembly lets a module import one name twice; a component could not tell the two apart. */
export function checkImportNames(imports: ModuleType['imports'], fail: Fail): void {
  const seen = new Set<string>();
  for (const { module, name } of imports) {
    const key = JSON.stringify([module, name]);
    if (seen.has(key)) fail(`two core imports are named ${quotePair(module, name)}`);
    seen.add(key);
  }
}

function resolveExtern(expr: CoreExternExpr, types: readonly CoreFuncType[], fail: Fail): CoreExtern {
  if (!('typeIndex' in expr)) return expr;
  return { kind: expr.kind, type: types[expr.typeIndex] ?? fail(`there is no core function type ${expr.typeIndex}`) };
}
