import type { Translator } from './translator.ts';

/** Up to here a loop beats the engine's copy, which is a call out of Wasm. */
export const SHORT_BYTES = 64;

/**
 * The function that copies up to SHORT_BYTES bytes (target, source, count) and gives all of them or-ed together, eight at
 * a time, so that a string's check needs no second pass.
 */
export function shortCopyFunction(translator: Translator): number {
  const { from, to } = translator.way;
  return translator.helper('short', null, { params: ['i32', 'i32', 'i32'], results: ['i64'] }, (body) => {
    const [target, source, count] = [0, 1, 2];
    const [all, word] = [body.local('i64'), body.local('i64')];
    const move = (load: 'i64.load' | 'i32.load8_u') => {
      if (load === 'i64.load') {
        body.get(source).memory(load, from).set(word);
        body.get(target, word).memory('i64.store', to);
      } else {
        body.get(source).memory(load, from).op('i64.extend_i32_u').set(word);
        body.get(target, word).op('i32.wrap_i64').memory('i32.store8', to);
      }
      body.get(all, word).op('i64.or').set(all);
    };
    const advance = (bytes: number) => {
      for (const local of [source, target]) body.get(local).i32(bytes).op('i32.add').set(local);
      body.get(count).i32(bytes).op('i32.sub').tee(count);
    };
    body.block((exit) => {
      body.get(count).i32(8).op('i32.lt_u');
      body.when(() => {
        body.get(count).op('i32.eqz').branchIf(exit);
        body.loop((again) => {
          move('i32.load8_u');
          advance(1);
          body.branchIf(again);
        });
        body.branch(exit);
      });
      body.loop((again) => {
        move('i64.load');
        advance(8);
        body.i32(8).op('i32.ge_u').branchIf(again);
      });
      // The rest with one word that ends where the bytes end, over some that were copied already.
      body.get(count).op('i32.eqz').branchIf(exit);
      for (const local of [source, target]) body.get(local, count).op('i32.add').i32(8).op('i32.sub').set(local);
      move('i64.load');
    });
    body.get(all);
  });
}
