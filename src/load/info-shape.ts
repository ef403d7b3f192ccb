import { arrayOf, type Is, isBoolean, isIndex, isText, literal, nullable, object, once, tagged } from './shape.ts';

/** Sizes of memories and tables may be any 64-bit number. */
const isSize: Is = (value) => typeof value === 'number' && Number.isInteger(value) && value >= 0;
const limits = { min: isSize, max: nullable(isSize), shared: isBoolean, index64: isBoolean, pageBits: literal(0, 16) };
const isFuncType = object({ params: arrayOf(isText), results: arrayOf(isText) });
const isCoreExtern = once(
  tagged({
    func: { type: isFuncType },
    table: { element: isText, limits: object({ ...limits, 'element?': isText, 'imported?': isBoolean }) },
    memory: { limits: object({ ...limits, 'imported?': isBoolean }) },
    global: { type: isText, mutable: isBoolean },
    tag: { type: isFuncType },
  }),
);

/** Is this what `inspectModule` gives? */
export const isModuleInfo = object({
  imports: arrayOf(object({ module: isText, name: isText, type: isCoreExtern })),
  exports: arrayOf(object({ name: isText, type: isCoreExtern })),
  memories: arrayOf(object({ ...limits, imported: isBoolean })),
  tables: arrayOf(object({ ...limits, element: isText, imported: isBoolean })),
  globals: arrayOf(object({ type: isText, mutable: isBoolean, imported: isBoolean })),
  hasStart: isBoolean,
  counts: object({
    types: isIndex,
    functions: isIndex,
    importedFunctions: isIndex,
    dataSegments: isIndex,
    elementSegments: isIndex,
    codeBytes: isIndex,
  }),
  custom: arrayOf(object({ name: isText, size: isIndex })),
});
