import type { FunctionBody } from '../../wasm/function-body.ts';
import type { ValType } from '../../wasm/types.ts';
import { shapeOf } from './shape.ts';
import type { Translator } from './translator.ts';

/** Code for each case of a variant, by the discriminant in a local; once for all cases with payloads of one shape. */
export function emitCases(
  translator: Translator,
  body: FunctionBody,
  discriminant: number,
  cases: readonly (ValType | null)[],
  emit: (payload: ValType | null) => void,
): void {
  const shapes = cases.map((payload) => payload && shapeOf(payload));
  const distinct = [...new Map(shapes.map((shape, i) => [shape, cases[i] ?? null]))];
  const numbers = new Map(distinct.map(([shape], i) => [shape, i]));
  body.switch(
    discriminant,
    shapes.map((shape) => numbers.get(shape) as number),
    distinct.map(
      ([, payload]) =>
        () =>
          emit(payload),
    ),
    () => translator.giverFault(body, 'ABI_DISCRIMINANT'),
  );
}
