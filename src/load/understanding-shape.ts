import type { ModuleRange, NamedRange, Plan, World } from '../wasm/index.ts';
import { isModuleInfo } from './info-shape.ts';
import { isPlan, isWorld } from './plan-shape.ts';
import { isRewritten } from './rewritten-shape.ts';
import { arrayOf, type Is, isIndex, isText, nullable, object } from './shape.ts';
import { readShared } from './shared-json.ts';
import type { Understanding } from './understand.ts';

/**
 * An understanding of a file of `size` bytes, read from the text that the worker or the cache gave; null when it is
 * anything else.
 */
export function readUnderstanding(text: string, size: number): Understanding | null {
  const value = readShared(text);
  return isShape(value) && isSound(value as Understanding, size) ? (value as Understanding) : null;
}

export function worldOf({ plan, world }: Understanding): World {
  const found = plan?.world ?? world;
  if (found === null) throw new TypeError('an understanding has neither a plan nor a world');
  return found;
}

const isHex: Is = (value) => typeof value === 'string' && value.length % 2 === 0 && /^[0-9a-f]*$/.test(value);
const isAnything: Is = () => true;
const isNamedRange = object({ name: isText, start: isIndex, end: isIndex });
const isShape = object({
  plan: nullable(isAnything),
  world: nullable(isAnything),
  transpiled: nullable(
    object({ source: isText, modules: arrayOf(object({ name: isText, count: isIndex, bytes: isText })) }),
  ),
  set: nullable(arrayOf(isNamedRange)),
  info: arrayOf(isModuleInfo),
  edits: arrayOf(arrayOf(object({ start: isIndex, end: isIndex, bytes: isHex }))),
  rewritten: nullable(isRewritten),
});

/** Where the core modules stand in a file of `size` bytes. */
export function rangesOf({ plan, set }: Understanding, size: number): readonly ModuleRange[] {
  return plan?.modules ?? set ?? [{ start: 0, end: size }];
}

function isSound(understanding: Understanding, size: number): boolean {
  const { plan, world, transpiled, set, info, edits, rewritten } = understanding;
  if (transpiled !== null) return plan === null && set === null && rewritten === null && isWorld(world);
  if (plan === null ? !isWorld(world) : world !== null || !isPlan(plan, size)) return false;
  if (set !== null && !isSoundSet(set, plan, size)) return false;
  const modules = rangesOf(understanding, size);
  return (
    edits.length === modules.length &&
    info.length === modules.length &&
    (rewritten === null || rewritten.length === modules.length) &&
    modules.every(({ start, end }, i) => {
      let from = 0;
      return (edits[i] ?? []).every((edit) => {
        const isInOrder = edit.start >= from && edit.end >= edit.start && edit.end <= end - start;
        from = edit.end;
        return isInOrder;
      });
    })
  );
}

function isSoundSet(set: readonly NamedRange[], plan: Plan | null, size: number): boolean {
  return (
    (plan === null || plan.modules.length === set.length) && set.every(({ start, end }) => start <= end && end <= size)
  );
}
