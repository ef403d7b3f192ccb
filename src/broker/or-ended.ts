import { CofferdamError } from '../error.ts';
import type { Chain } from './chain.ts';

/**
 * The reply of a chain that may wait, or what ends it before: its caller's signal, or its time. Whoever waits goes on at
 * once; `end` ends what is suspended in the chain. `overdue` makes of the error what the caller gets.
 */
export function orEnded<T>(
  reply: Promise<T>,
  chain: Chain,
  { end, overdue }: { end: (why: string) => void; overdue: (error: CofferdamError) => CofferdamError },
): Promise<T> {
  const { signal } = chain;
  return new Promise((resolve, reject) => {
    const abort = () => {
      const cause = signal?.reason;
      reject(chain.fail(new CofferdamError('CALL_ABORTED', 'The call was aborted by its caller.', { cause })));
      end('its call was aborted');
    };
    chain.onOverdue = (error) => {
      reject(overdue(chain.fail(error)));
      end(error.details.limitMs === undefined ? 'stopped' : 'its call took too long');
    };
    signal?.addEventListener('abort', abort, { once: true });
    reply.then(resolve, reject).finally(() => signal?.removeEventListener('abort', abort));
  });
}
