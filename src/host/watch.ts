import type { EventEmitter } from 'node:events';
import type { Transition } from '../broker/transition.ts';

/** A transition, and how many before it nobody will see, since the watcher was slow. */
export interface Watched extends Transition {
  readonly lost: number;
}

/** Transitions that wait for one watcher: some seconds of a busy host, and about 200 KiB. */
const MAX_WAITING = 1_024;

/** The transitions of a host from now on, until it closes or the watcher returns. The oldest are lost when it is too slow. */
export function watch(events: EventEmitter): AsyncIterableIterator<Watched> {
  const waiting: Transition[] = [];
  let lost = 0;
  let isOver = false;
  let wake: () => void = () => undefined;
  const take = (transition: Transition) => {
    waiting.push(transition);
    if (waiting.length > MAX_WAITING) {
      waiting.shift();
      lost += 1;
    }
    wake();
  };
  const end = () => {
    isOver = true;
    events.off('state', take);
    events.off('closed', end);
    wake();
  };
  events.on('state', take);
  events.on('closed', end);
  const next = async (): Promise<IteratorResult<Watched, undefined>> => {
    while (waiting.length === 0 && !isOver) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    const transition = waiting.shift();
    if (transition === undefined) return { done: true, value: undefined };
    const watched = { ...transition, lost };
    lost = 0;
    return { done: false, value: watched };
  };
  // One at a time: two that wait for the same transition would both be woken by it.
  let last: Promise<unknown> = Promise.resolve();
  return {
    next() {
      const result = last.then(next);
      last = result;
      return result;
    },
    return() {
      waiting.length = 0;
      end();
      return Promise.resolve({ done: true, value: undefined });
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
