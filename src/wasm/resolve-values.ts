import type { LabelledRef, TypeExpr, ValTypeRef } from './component-ast.ts';
import type { CoreTypeEntity, Resources, Steps, TypeEntity } from './entities.ts';
import { WASM_LIMITS } from './limits.ts';
import { measure } from './measure.ts';
import { isLabel } from './names.ts';
import { quote } from './quote.ts';
import type { Field, FuncType, PrimitiveKind, ValType } from './types.ts';

/** Throws for the definition being looked at: COMPONENT_INVALID unless another code is given. */
export type Fail = (what: string, code?: 'WASM_LIMIT') => never;

/** Where type indices are looked up: a component, or the inside of a component or instance type. */
export interface TypeScope {
  readonly kind: 'component' | 'type';
  readonly parent: TypeScope | null;
  readonly types: TypeEntity[];
  readonly coreTypes: CoreTypeEntity[];
}

const PRIMITIVE_TYPES = new Map<PrimitiveKind | 'error-context', ValType>();

/** One object per primitive, so that comparing and remembering them is cheap. */
function primitive(kind: PrimitiveKind | 'error-context'): ValType {
  const known = PRIMITIVE_TYPES.get(kind);
  if (known !== undefined) return known;
  const type: ValType = { kind };
  PRIMITIVE_TYPES.set(kind, type);
  return type;
}

export type ValueExpr = Exclude<TypeExpr, { kind: 'func' | 'instance' | 'component' | 'resource' }>;

/** Turns value and function types of the file into resolved ones, checking each on its own (Binary.md "Type Definitions"). */
export class ValueResolver {
  readonly resources: Resources;
  readonly steps: Steps;
  protected readonly fail: Fail;

  constructor(resources: Resources, steps: Steps, fail: Fail) {
    this.resources = resources;
    this.steps = steps;
    this.fail = fail;
  }

  typeAt(scope: TypeScope, index: number): TypeEntity {
    return scope.types[index] ?? this.fail(`there is no type ${index}`);
  }

  valueAt(scope: TypeScope, index: number): ValType {
    const entity = this.typeAt(scope, index);
    return entity.kind === 'value'
      ? entity.type
      : this.fail(`type ${index} is a ${entity.kind} type, not a value type`);
  }

  funcAt(scope: TypeScope, index: number): FuncType {
    const entity = this.typeAt(scope, index);
    return entity.kind === 'func'
      ? entity.type
      : this.fail(`type ${index} is a ${entity.kind} type, not a function type`);
  }

  resourceAt(scope: TypeScope, index: number): number {
    const entity = this.typeAt(scope, index);
    return entity.kind === 'resource'
      ? entity.resource
      : this.fail(`type ${index} is a ${entity.kind} type, not a resource`);
  }

  value(ref: ValTypeRef, scope: TypeScope): ValType {
    return 'primitive' in ref ? primitive(ref.primitive) : this.valueAt(scope, ref.index);
  }

  valueType(expr: ValueExpr, scope: TypeScope): ValType {
    const type = this.defined(expr, scope);
    const { nodes, depth, bytes64 } = measure(type);
    if (bytes64 >= WASM_LIMITS.maxElementBytes) this.fail('a value of 2^28 bytes or more');
    if (nodes > WASM_LIMITS.maxTypeNodes || depth > WASM_LIMITS.maxTypeDepth) {
      this.fail('a type is too large or too deep', 'WASM_LIMIT');
    }
    return type;
  }

  private defined(expr: ValueExpr, scope: TypeScope): ValType {
    const optional = (ref: ValTypeRef | null) => (ref === null ? null : this.value(ref, scope));
    switch (expr.kind) {
      case 'primitive':
        return { kind: expr.primitive };
      case 'record':
        return { kind: 'record', fields: this.fields('field', this.some('field', expr.fields), scope) };
      case 'variant': {
        this.checkLabels(
          'case',
          this.some('case', expr.cases).map((item) => item.name),
        );
        return { kind: 'variant', cases: expr.cases.map(({ name, type }) => ({ name, type: optional(type) })) };
      }
      case 'list': {
        const element = this.value(expr.element, scope);
        if (expr.length === 0) this.fail('a list of fixed length must have an element');
        return expr.length === null ? { kind: 'list', element } : { kind: 'list', element, length: expr.length };
      }
      case 'tuple':
        this.steps.take(expr.elements.length);
        return { kind: 'tuple', elements: this.some('element', expr.elements).map((ref) => this.value(ref, scope)) };
      case 'flags':
        if (expr.names.length > WASM_LIMITS.maxFlags)
          this.fail(`${expr.names.length} flags, more than ${WASM_LIMITS.maxFlags}`);
        this.checkLabels('flag', this.some('flag', expr.names));
        return { kind: 'flags', names: expr.names };
      case 'enum':
        this.checkLabels('case', this.some('case', expr.names));
        return { kind: 'enum', names: expr.names };
      case 'option':
        return { kind: 'option', some: this.value(expr.some, scope) };
      case 'result':
        return { kind: 'result', ok: optional(expr.ok), err: optional(expr.err) };
      case 'own':
      case 'borrow':
        return { kind: expr.kind, resource: this.resourceAt(scope, expr.index) };
      case 'stream':
      case 'future': {
        const element = optional(expr.element);
        if (element !== null && measure(element).hasBorrow) this.fail(`a ${expr.kind} cannot carry a borrow`);
        if (expr.kind === 'stream' && element?.kind === 'char') this.fail('a stream cannot carry char');
        return { kind: expr.kind, element };
      }
    }
  }

  funcType(expr: Extract<TypeExpr, { kind: 'func' }>, scope: TypeScope): FuncType {
    const params = this.fields('parameter', expr.params, scope);
    const result = expr.result === null ? null : this.value(expr.result, scope);
    if (result !== null && measure(result).hasBorrow) this.fail('a function cannot return a borrow');
    return { params, result, async: expr.async };
  }

  private fields(what: string, refs: readonly LabelledRef[], scope: TypeScope): Field[] {
    this.checkLabels(
      what,
      refs.map((ref) => ref.name),
    );
    return refs.map(({ name, type }) => ({ name, type: this.value(type, scope) }));
  }

  private some<T>(what: string, items: readonly T[]): readonly T[] {
    return items.length > 0 ? items : this.fail(`a type with no ${what}`);
  }

  private checkLabels(what: string, labels: readonly string[]): void {
    this.steps.take(labels.length);
    const seen = new Set<string>();
    for (const label of labels) {
      if (!isLabel(label)) this.fail(`the ${what} name ${quote(label)} is not in kebab case`);
      const key = label.toLowerCase();
      if (seen.has(key)) this.fail(`the ${what} name ${quote(label)} conflicts with an earlier one`);
      seen.add(key);
    }
  }
}
