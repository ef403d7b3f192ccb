import type { CoreInstanceExpr, InstanceExpr } from './component-ast.ts';
import type { ComponentScope, CoreInstanceType } from './component-scope.ts';
import { type CoreExtern, coreMismatch } from './core-types.ts';
import type { Entity, InstanceType } from './entities.ts';
import { Matcher } from './match.ts';
import { NameScope } from './name-scope.ts';
import { quote, quotePair } from './quote.ts';
import type { TypeResolver } from './resolve.ts';
import type { Fail } from './resolve-values.ts';
import { Substitution } from './substitute.ts';

/** Checks the instances that one component makes: what is given must fit what is asked for. */
export class InstanceValidator {
  private readonly scope: ComponentScope;
  private readonly types: TypeResolver;
  private readonly fail: Fail;

  constructor(scope: ComponentScope, types: TypeResolver, fail: Fail) {
    this.scope = scope;
    this.types = types;
    this.fail = fail;
  }

  coreInstance(expr: CoreInstanceExpr): CoreInstanceType {
    if (expr.kind === 'exports') {
      const exports = new Map<string, CoreExtern>();
      for (const { name, sort, index } of expr.exports) {
        if (exports.has(name)) this.fail(`two core exports are named ${quote(name)}`);
        exports.set(name, this.scope.coreItem(sort, index));
      }
      return exports;
    }
    const module = this.scope.at(this.scope.modules, 'core module', expr.module);
    const args = new Map<string, CoreInstanceType>();
    for (const { name, instance } of expr.args) {
      if (args.has(name)) this.fail(`two core instantiation arguments are named ${quote(name)}`);
      args.set(name, this.scope.at(this.scope.coreInstances, 'core instance', instance));
    }
    this.types.steps.take(module.imports.length);
    for (const { module: from, name, type } of module.imports) {
      const label = `the core import ${quotePair(from, name)}`;
      const instance = args.get(from) ?? this.fail(`there is no core instantiation argument ${quote(from)}`);
      const actual = instance.get(name) ?? this.fail(`nothing is given for ${label}`);
      const problem = coreMismatch(actual, type);
      if (problem !== null) this.fail(`${label}: ${problem}`);
    }
    return module.exports;
  }

  instance(expr: InstanceExpr): InstanceType {
    if (expr.kind === 'instantiate') return this.instantiate(expr);
    const names = new NameScope('export', { namesResources: false });
    const exports = new Map<string, Entity>();
    for (const { name, ref } of expr.exports) {
      const entity = this.scope.entity(ref);
      const problem = names.add(name, entity);
      if (problem !== null) this.fail(problem);
      exports.set(name.name, entity);
    }
    return { exports, resources: [], depth: this.types.checkedDepth(exports) };
  }

  private instantiate(expr: Extract<InstanceExpr, { kind: 'instantiate' }>): InstanceType {
    const component = this.scope.at(this.scope.components, 'component', expr.component);
    const args = new Map<string, Entity>();
    for (const { name, ref } of expr.args) {
      if (args.has(name)) this.fail(`two instantiation arguments are named ${quote(name)}`);
      args.set(name, this.scope.entity(ref));
    }
    const { resources, steps } = this.types;
    const matcher = new Matcher(component.importResources, resources, steps);
    const problem = matcher.entities('the import', args, component.imports);
    if (problem !== null) this.fail(problem);
    const substitutes = new Map(matcher.bindings);
    for (const resource of component.exportResources) substitutes.set(resources.canonical(resource), resources.fresh());
    const substitution = Substitution.of(substitutes, resources, steps);
    for (const [from, to] of matcher.given) substitution.replace(from, to);
    return { exports: substitution.entities(component.exports), resources: [], depth: component.depth };
  }
}
