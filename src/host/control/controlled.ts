import type { Label } from '../../label/index.ts';
import { VERSION } from '../../version.ts';
import type { Host } from '../host.ts';
import type { Operator } from '../operator.ts';
import type { HostStatus } from './protocol.ts';
import type { Controlled } from './server.ts';

/** What a host lets the peers of its control socket do. What they do is in the journal under `control`. */
export function controlledBy(host: Host, operator: Operator): Controlled {
  const startedMs = Date.now();
  return {
    status: () => statusOf(host, startedMs),
    watch: () => host.watch(),
    act: async (request) => {
      const { do: act, compartment } = request;
      switch (act) {
        case 'suspend':
          return operator.suspend(compartment, 'control');
        case 'resume':
          return operator.resume(compartment, 'control');
        case 'stop':
          return await operator.stop(compartment, 'control', request.graceMs ?? 5_000);
        case 'replace': {
          const { wasm, sha256 } = request;
          operator.replacing(compartment, 'control');
          const changes = { ...(wasm === undefined ? {} : { wasm }), ...(sha256 === undefined ? {} : { sha256 }) };
          return await host.replace(compartment, changes);
        }
      }
    },
  };
}

function statusOf(host: Host, startedMs: number): HostStatus {
  return {
    pid: process.pid,
    version: VERSION,
    manifest: host.policy.file,
    journal: host.journalPath,
    run: host.run,
    startedMs,
    compartments: host.compartments().map(({ name, state, sha256, failing, instances }) => ({
      name,
      state,
      sha256,
      failing: failing.map(({ label, waitMs }) => ({ label: plain(label), waitMs })),
      instances: instances.map(({ id, label, state, memoryBytes }) => ({
        id,
        label: plain(label),
        state,
        memoryBytes,
      })),
    })),
  };
}

function plain({ secrecy, integrity }: Label): { secrecy: string[]; integrity: string[] } {
  return { secrecy: [...secrecy], integrity: [...integrity] };
}
