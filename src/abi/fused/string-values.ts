import type { FunctionBody } from '../../wasm/function-body.ts';
import { MAX_STRING_BYTES } from '../limits.ts';
import { SHORT_BYTES, shortCopyFunction } from './block-copy.ts';
import type { Translator } from './translator.ts';

const NOT_ASCII = 0x8080_8080_8080_8080n;

/** The function that takes the giver's pointer and length of a UTF-8 string and gives the pointer to the taker's copy. */
export function stringFunction(translator: Translator): number {
  return translator.helper('string', null, { params: ['i32', 'i32'], results: ['i32'] }, (body) => {
    const [pointer, count] = [0, 1];
    const copy = body.local('i32');
    const { from, to } = translator.way;
    const check = () => body.get(copy, count).call(utf8Function(translator));
    body.get(count).i32(MAX_STRING_BYTES).op('i32.gt_u');
    body.rarely(() => translator.giverFault(body, 'ABI_LENGTH'));
    translator.checkPointer(body, 'giver', pointer, 1, () => body.get(count));
    translator.charge(body, count);
    translator.allocate(body, copy, 1, count);
    body.get(count).i32(SHORT_BYTES).op('i32.le_u');
    body.when(
      () => {
        body
          .get(copy, pointer, count)
          .call(shortCopyFunction(translator))
          .i64(NOT_ASCII)
          .op('i64.and', 'i64.eqz', 'i32.eqz');
        body.when(check);
      },
      () => {
        body.get(copy, pointer, count).memoryCopy(to, from);
        check();
      },
    );
    body.get(copy);
  });
}

/** The function that faults unless so many bytes of the taker's, from an address on, are UTF-8. Source: RFC 3629. */
function utf8Function(translator: Translator): number {
  return translator.helper('utf8', null, { params: ['i32', 'i32'], results: [] }, (body) => {
    const [at, left] = [0, 1];
    const word = body.local('i32');
    const bits = (mask: number) => body.get(word).i32(mask).op('i32.and');
    const bad = () => translator.giverFault(body, 'ABI_UTF8');
    const advance = (bytes: () => unknown) => {
      body.get(at);
      bytes();
      body.op('i32.add').set(at).get(left);
      bytes();
      body.op('i32.sub').set(left);
    };
    emitAsciiWords(translator, body, at, left);
    body.block((exit) => {
      body.loop((again) => {
        const skip = (bytes: () => unknown) => {
          advance(bytes);
          body.branch(again);
        };
        const matches = (mask: number, pattern: number, length: number, check: () => void) => {
          bits(mask).i32(pattern).op('i32.eq');
          body.when(() => {
            check();
            skip(() => body.i32(length));
          });
        };
        body.get(left).op('i32.eqz').branchIf(exit);
        emitNextFour(translator, body, { at, left, word });
        bits(0x8080_8080).op('i32.eqz');
        body.when(() => {
          body.get(left).i32(4).op('i32.le_u').branchIf(exit);
          advance(() => body.i32(4));
          emitAsciiWords(translator, body, at, left);
          body.branch(again);
        });
        bits(0x80).op('i32.eqz');
        body.when(() => skip(() => bits(0x8080_8080).op('i32.ctz').i32(3).op('i32.shr_u')));
        // C0 and C1 are too long for what they say.
        matches(0xc0e0, 0x80c0, 2, () => bits(0x1e).op('i32.eqz').rarely(bad));
        matches(0xc0c0f0, 0x8080e0, 3, () => {
          bits(0x200f).op('i32.eqz').rarely(bad); // too long
          bits(0x200f).i32(0x200d).op('i32.eq').rarely(bad); // a surrogate
        });
        matches(0xc0c0c0f8, 0x808080f0, 4, () => {
          // The plane, 1 to 16: below it would be too long, above is nothing.
          bits(0x07).i32(2).op('i32.shl');
          bits(0x3000).i32(12).op('i32.shr_u', 'i32.or').i32(1).op('i32.sub').i32(16).op('i32.ge_u').rarely(bad);
        });
        bad();
      });
    });
  });
}

/** Goes past ASCII, sixteen bytes at a time. */
function emitAsciiWords({ way }: Translator, body: FunctionBody, at: number, left: number): void {
  body.block((exit) => {
    body.loop((again) => {
      body.get(left).i32(16).op('i32.lt_u').branchIf(exit);
      body.get(at).memory('i64.load', way.to).get(at).memory('i64.load', way.to, 8).op('i64.or');
      body.i64(NOT_ASCII).op('i64.and', 'i64.eqz', 'i32.eqz').branchIf(exit);
      body.get(at).i32(16).op('i32.add').set(at);
      body.get(left).i32(16).op('i32.sub').set(left).branch(again);
    });
  });
}

/** The next four bytes in `word`; beyond the end of the string, zeros, which continue no character. */
function emitNextFour(
  { way }: Translator,
  body: FunctionBody,
  { at, left, word }: { readonly at: number; readonly left: number; readonly word: number },
): void {
  body.get(left).i32(4).op('i32.ge_u');
  body.when(
    () => body.get(at).memory('i32.load', way.to).set(word),
    () => {
      body.get(at).memory('i32.load8_u', way.to).set(word);
      for (const i of [1, 2]) {
        body.get(left).i32(i).op('i32.gt_u');
        body.when(() => {
          const shift = 8 * i;
          body.get(word, at).memory('i32.load8_u', way.to, i).i32(shift).op('i32.shl', 'i32.or').set(word);
        });
      }
    },
  );
}
