import { CofferdamError } from '../../error.ts';

/** The thread or process of an instance has gone, or does not keep to the protocol. `reason` is for the operator. */
export function died(reason: string, cause?: unknown): CofferdamError<'COMPARTMENT_DIED'> {
  const message = `The thread or process of an instance is lost: ${reason} - the next call gets a fresh one`;
  return new CofferdamError('COMPARTMENT_DIED', message, { cause, details: { reason } });
}

/** Of a transport that is used after its instance was stopped. */
export function closed(): CofferdamError<'INSTANCE_STOPPED'> {
  return new CofferdamError('INSTANCE_STOPPED', 'The instance was stopped - make a new one');
}
