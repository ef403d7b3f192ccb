import { arrayOf, type Is, isBoolean, isIndex, isText, nullable, object } from './shape.ts';

/** Apart from the rewriting, which only the worker needs. */
export const isRewritten: Is = arrayOf(
  object({
    bytes: isText,
    memories: arrayOf(
      object({ name: isText, initialPages: isIndex, maximumPages: nullable(isIndex), index64: isBoolean }),
    ),
    restoring: nullable(
      object({
        bytes: isText,
        names: object({ globals: arrayOf(isText), tables: arrayOf(isText), functions: nullable(isText) }),
      }),
    ),
  }),
);
