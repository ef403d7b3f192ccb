import type { NameExpr } from './component-ast.ts';
import type { Entity } from './entities.ts';
import { isCanonVersion, isSemver, parseExternName, uniqueKey } from './names.ts';
import { quote } from './quote.ts';
import type { FuncType, ValType } from './types.ts';

/**
 * The imports, or the exports, of one component, component type or instance type: their names are well-formed, unique,
 * and mean what their annotations say. Source: Binary.md "Import and Export Definitions".
 */
export class NameScope {
  private readonly keys = new Set<string>();
  private readonly side: 'import' | 'export';
  /** Do types exported here give their resource a name? Not in an instance that only bundles what there is. */
  private readonly namesResources: boolean;
  private readonly resourceNames = new Map<number, string>();
  private readonly resourceLabels = new Set<string>();

  constructor(side: 'import' | 'export', { namesResources = true } = {}) {
    this.side = side;
    this.namesResources = namesResources;
  }

  /** Null, or what is wrong with giving `entity` this name here. */
  add(expr: NameExpr, entity: Entity): string | null {
    const name = parseExternName(expr.name);
    const shown = `${this.side} name ${quote(expr.name)}`;
    if (name === null) return `the ${shown} is not a kebab-case or interface name`;
    const key = uniqueKey(expr.name);
    if (this.keys.has(key)) return `the ${shown} conflicts with an earlier one`;
    this.keys.add(key);
    const problem = attributeProblem(expr, entity) ?? this.annotationProblem(expr.name, entity);
    if (problem !== null) return `the ${shown} ${problem}`;
    if (name.kind === 'plain' && entity.sort === 'type' && entity.type.kind === 'resource' && this.namesResources) {
      this.resourceNames.set(entity.type.resource, name.label);
      this.resourceLabels.add(name.label);
    }
    return null;
  }

  private annotationProblem(text: string, entity: Entity): string | null {
    const name = parseExternName(text);
    if (name === null || name.kind === 'plain' || name.kind === 'interface') return null;
    if (entity.sort !== 'func') return 'belongs to a function';
    if (name.kind === 'static') {
      return this.resourceLabels.has(name.resource)
        ? null
        : `belongs to a resource ${quote(name.resource)} which is not here`;
    }
    const resource = name.kind === 'constructor' ? constructed(entity.type) : receiver(entity.type);
    if (resource === null) {
      return name.kind === 'constructor'
        ? 'belongs to a function that returns `own<R>` or a result of it'
        : 'belongs to a function whose first parameter is `self: borrow<R>`';
    }
    const found = this.resourceNames.get(resource);
    if (found === undefined) return 'belongs to a function of a resource that has no name here';
    return found === name.resource ? null : `belongs to a function of resource ${quote(found)}`;
  }
}

function constructed({ result }: FuncType): number | null {
  const made: ValType | null = result?.kind === 'result' ? result.ok : result;
  return made?.kind === 'own' ? made.resource : null;
}

function receiver({ params: [self] }: FuncType): number | null {
  return self?.name === 'self' && self.type.kind === 'borrow' ? self.type.resource : null;
}

function attributeProblem(expr: NameExpr, entity: Entity): string | null {
  const name = parseExternName(expr.name);
  if (expr.implements !== null) {
    if (parseExternName(expr.implements)?.kind !== 'interface') return 'has an `implements` that is no interface name';
    if (entity.sort !== 'instance' || name?.kind === 'interface') return 'is not one that can implement an interface';
  }
  if (expr.versionSuffix !== null) {
    const version = name?.kind === 'interface' ? (name.version ?? '') : '';
    if (!isCanonVersion(version) || !isSemver(version + expr.versionSuffix))
      return 'has a version suffix that does not fit';
  }
  return null;
}
