import type { Entity, InstanceType, Steps, TypeEntity } from './entities.ts';
import { children } from './measure.ts';
import type { FuncType, ValType } from './types.ts';

/**
 * Which types have a name that the outside can see. Resources, records, variants, enums and flags must have one wherever
 * an import or export uses them; an import can only use names of imports. A value type is known by the identity of its
 * object, since each import or export of a type makes a new one. Source: Explainer.md "External Visibility of Types".
 */
export class Visibility {
  private readonly imported = new Set<ValType | number>();
  private readonly exported = new Set<ValType | number>();
  private readonly steps: Steps;
  private readonly outer: Visibility | null;

  constructor(steps: Steps, outer: Visibility | null = null) {
    this.steps = steps;
    this.outer = outer;
  }

  /** Notes the names that this import or export brings. False if it uses a type without one. */
  isVisible(side: 'import' | 'export', entity: Entity): boolean {
    this.steps.take();
    switch (entity.sort) {
      case 'func':
        return this.isFuncNamed(side, entity.type);
      case 'type':
        if (!this.isTypeNamed(side, entity.type)) return false;
        this.add(side, entity.type);
        return true;
      case 'instance':
        return [...entity.type.exports.values()].every((item) => this.isVisible(side, item));
      case 'core module':
      case 'component':
        return true;
    }
  }

  private add(side: 'import' | 'export', type: TypeEntity): void {
    const key = type.kind === 'value' ? type.type : type.kind === 'resource' ? type.resource : null;
    if (key === null) return;
    this.exported.add(key);
    if (side === 'import') this.imported.add(key);
  }

  private isTypeNamed(side: 'import' | 'export', type: TypeEntity): boolean {
    switch (type.kind) {
      case 'value':
        return children(type.type).every((child) => this.isNamed(side, child)) && this.isHandleNamed(side, type.type);
      case 'func':
        return this.isFuncNamed(side, type.type);
      case 'instance':
        return this.isInstanceNamed(side, type.type);
      case 'resource':
      case 'component':
        return true;
    }
  }

  /** An instance type used as a type: its own exports name types for what follows them, and only there. */
  private isInstanceNamed(side: 'import' | 'export', type: InstanceType): boolean {
    const inside = new Visibility(this.steps, this);
    return [...type.exports.values()].every((item) => inside.isVisible(side, item));
  }

  private isFuncNamed(side: 'import' | 'export', type: FuncType): boolean {
    const types = type.params.map((param) => param.type);
    if (type.result !== null) types.push(type.result);
    return types.every((item) => this.isNamed(side, item));
  }

  private isNamed(side: 'import' | 'export', type: ValType): boolean {
    this.steps.take();
    if (this.has(side, type)) return true;
    if (['record', 'variant', 'enum', 'flags'].includes(type.kind)) return false;
    return this.isHandleNamed(side, type) && children(type).every((child) => this.isNamed(side, child));
  }

  private isHandleNamed(side: 'import' | 'export', type: ValType): boolean {
    if (type.kind !== 'own' && type.kind !== 'borrow') return true;
    return this.has(side, type.resource);
  }

  private has(side: 'import' | 'export', key: ValType | number): boolean {
    return (side === 'import' ? this.imported : this.exported).has(key) || (this.outer?.has(side, key) ?? false);
  }
}
