import type { ValType } from '../../wasm/types.ts';
import { layoutOf } from '../layout.ts';
import { MAX_LIST_BYTES } from '../limits.ts';
import { SHORT_BYTES, shortCopyFunction } from './block-copy.ts';
import { emitElements } from './memory-values.ts';
import { isPlain } from './shape.ts';
import type { Translator } from './translator.ts';

const POINTED = { params: ['i32', 'i32'], results: ['i32'] } as const;

/** The function that takes the giver's pointer and length of a list and gives the pointer to the taker's copy. */
export function listFunction(translator: Translator, element: ValType): number {
  return translator.helper('list', element, POINTED, (body) => {
    const { size, align } = layoutOf(element);
    const [pointer, length] = [0, 1];
    const [count, copy] = [body.local('i32'), body.local('i32')];
    body
      .get(length)
      .i32(Math.floor(MAX_LIST_BYTES / size))
      .op('i32.gt_u');
    body.rarely(() => translator.giverFault(body, 'ABI_LENGTH'));
    body.get(length).i32(size).op('i32.mul').set(count);
    translator.checkPointer(body, 'giver', pointer, align, () => body.get(count));
    translator.charge(body, count);
    translator.allocate(body, copy, align, count);
    if (isPlain(element)) {
      body.get(count).i32(SHORT_BYTES).op('i32.le_u');
      body.when(
        () => body.get(copy, pointer, count).call(shortCopyFunction(translator)).op('drop'),
        () => body.get(copy, pointer, count).memoryCopy(translator.way.to, translator.way.from),
      );
    } else {
      const [to, end] = [body.local('i32'), body.local('i32')];
      body.get(count).when(() => {
        body.get(copy).set(to);
        body.get(pointer, count).op('i32.add').set(end);
        emitElements(translator, body, element, { from: pointer, to, end });
      });
    }
    body.get(copy);
  });
}
