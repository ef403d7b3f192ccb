import { sizerOf } from '../abi/index.ts';
import type { Broker } from '../broker/broker.ts';
import { mayWait } from '../broker/edge.ts';
import { CofferdamError } from '../error.ts';
import type { Label } from '../label/index.ts';
import type { PostOptions } from './held.ts';
import { type Messages, PROGRAM } from './messages.ts';
import { assertCount, sizeOfArguments, unwrapResult } from './target.ts';

/** An export at one label, to be called often. */
export interface PreparedCall<T = unknown> {
  /** Calls at once and gives the result, whose label is `label`. Throws what `Host.call` rejects with. */
  call(...args: readonly unknown[]): T;
  /** Of the replies: as of the last call, since a change of grants can change it. */
  readonly label: Label;
}

export function prepareCall<T>(
  broker: Broker,
  messages: Messages,
  target: string,
  options: PostOptions,
): PreparedCall<T> {
  const crossing = messages.sent(PROGRAM, 'call', target, options);
  const { edge } = crossing;
  if (edge.target.kind === 'export' && mayWait(edge.target.compartment)) {
    throw new CofferdamError(
      'OPTION_UNENFORCEABLE',
      `${target} may have to wait for a host function, so it cannot be called at once. Use host.call.`,
      { details: { target } },
    );
  }
  const prepared = broker.prepare(crossing);
  const sizer = sizerOf(edge.type);
  const isResult = edge.type.result?.kind === 'result';
  const wanted = edge.type.params.length;
  const { fixedParams } = sizer;
  const call = (...args: readonly unknown[]): unknown => {
    messages.assertOpen();
    if (args.length !== wanted) assertCount(edge, args, target);
    const value = prepared.call(args, fixedParams ?? sizeOfArguments(edge, args, target, sizer));
    return isResult ? unwrapResult(edge, { value, label: prepared.label }) : value;
  };
  return {
    call: (prepared.direct((args) => call(...Array.from(args))) ?? call) as PreparedCall<T>['call'],
    get label() {
      return prepared.label;
    },
  };
}
