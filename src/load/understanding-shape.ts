import type { World } from '../wasm/index.ts';
import { isModuleInfo } from './info-shape.ts';
import { isPlan, isWorld } from './plan-shape.ts';
import { arrayOf, type Is, isIndex, nullable, object } from './shape.ts';
import type { Understanding } from './understand.ts';

/**
 * An understanding of a file of `size` bytes, read from the text that the worker or the cache gave; null when it is
 * anything else.
 */
export function readUnderstanding(text: string, size: number): Understanding | null {
  const value = parsed(text);
  return isShape(value) && isSound(value as Understanding, size) ? (value as Understanding) : null;
}

export function worldOf({ plan, world }: Understanding): World {
  const found = plan?.world ?? world;
  if (found === null) throw new TypeError('an understanding has neither a plan nor a world');
  return found;
}

const isHex: Is = (value) => typeof value === 'string' && value.length % 2 === 0 && /^[0-9a-f]*$/.test(value);
const isAnything: Is = () => true;
const isShape = object({
  plan: nullable(isAnything),
  world: nullable(isAnything),
  info: arrayOf(isModuleInfo),
  edits: arrayOf(arrayOf(object({ start: isIndex, end: isIndex, bytes: isHex }))),
});

function isSound({ plan, world, info, edits }: Understanding, size: number): boolean {
  if (plan === null ? !isWorld(world) : world !== null || !isPlan(plan, size)) return false;
  const modules = plan?.modules ?? [{ start: 0, end: size }];
  return (
    edits.length === modules.length &&
    info.length === modules.length &&
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

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
