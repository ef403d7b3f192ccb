import type { Examination } from './examine.ts';
import { arrayOf, type Is, isBoolean, isIndex, isText, literal, nullable, object } from './shape.ts';

/** Sizes of memories and tables may be any 64-bit number. */
const isSize: Is = (value) => typeof value === 'number' && Number.isInteger(value) && value >= 0;
const isItem = object({ name: isText, type: isText, 'isAsync?': literal(true), 'hasStreams?': literal(true) });
const isExtent = object({ initial: isSize, maximum: nullable(isSize), imported: isBoolean });
const isShape = object({
  kind: literal('component', 'core'),
  imports: arrayOf(isItem),
  exports: arrayOf(isItem),
  modules: arrayOf(
    object({
      bytes: isIndex,
      codeBytes: isIndex,
      functions: isIndex,
      hasStart: isBoolean,
      memories: arrayOf(isExtent),
      tables: arrayOf(isExtent),
    }),
  ),
  custom: arrayOf(object({ name: isText, bytes: isIndex })),
  producers: arrayOf(object({ field: isText, name: isText, version: isText })),
  features: arrayOf(isText),
  targetFeatures: arrayOf(isText),
  isAsync: isBoolean,
});

export function isExamination(value: unknown): value is Examination {
  return isShape(value);
}
