import { InvalidArgumentError } from 'commander';
import type { HostCallContext, HostFunction } from '../broker/edge.ts';
import { formatLabel } from '../label/index.ts';
import type { Io } from './io.ts';
import { jsonText } from './json.ts';

/** `--resource NAME=stdout`: what guests send to the resource is printed there, a JSON document per line. */
export interface PrintedResource {
  readonly name: string;
  readonly stream: 'stdout' | 'stderr';
}

export function parseResource(text: string, previous: readonly PrintedResource[] = []): PrintedResource[] {
  const [, name, stream] = /^([^=]+)=(stdout|stderr)$/.exec(text) ?? [];
  if (name === undefined || (stream !== 'stdout' && stream !== 'stderr')) {
    throw new InvalidArgumentError('Write NAME=stdout or NAME=stderr.');
  }
  return [...previous, { name, stream }];
}

/** For functions without a result, or whose result is a `result` without a value: there is nothing to answer. */
export function offeredBy(resources: readonly PrintedResource[], io: Io): Record<string, HostFunction> {
  return Object.fromEntries(
    resources.map(({ name, stream }): [string, HostFunction] => [
      name,
      async (...all: unknown[]) => {
        const { resource, compartment, label } = all.at(-1) as HostCallContext;
        const message = { resource, compartment, label: formatLabel(label), args: all.slice(0, -1) };
        await io[stream].write(jsonText(message, 0));
      },
    ]),
  );
}
