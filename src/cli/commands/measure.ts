import type { Command } from 'commander';
import { type Mismatch, measurementsOf, mismatchesOf } from '../../host/measurements.ts';
import { loadManifest } from '../../policy/index.ts';
import { VERSION } from '../../version.ts';
import { type CommandContext, type CommonOptions, makeCommand, withCommonOptions } from '../command.ts';
import { jsonText } from '../json.ts';
import { safeLines } from '../output.ts';

/** What each compartment is, as one number: for relying parties and for links. Exit code 1 when a link demands another. */
export function measureCommand({ io, finish }: CommandContext): Command {
  const command = makeCommand('measure', 'the measurement of each compartment, before anything runs', [
    'cofferdam measure cofferdam.yaml',
    'cofferdam measure cofferdam.yaml --json',
  ]).argument('<manifest>', 'the manifest (YAML or JSON)');
  return withCommonOptions(command).action(async (manifest: string, { json }: CommonOptions) => {
    const policy = await loadManifest(manifest);
    const measurements = await measurementsOf(policy);
    const mismatches = mismatchesOf(policy, measurements);
    const compartments = [...measurements].map(([name, measurement]) => {
      const enclave = policy.compartments.get(name)?.enclave ?? null;
      return { name, measurement, enclave: enclave !== null, debug: enclave?.debug ?? false };
    });
    const lines = compartments.map(({ name, measurement, enclave, debug }) => {
      const kind = enclave ? `  enclave${debug ? ', debug' : ''}` : '';
      return `${measurement}  ${name}${kind}\n`;
    });
    const report = { runtime: VERSION, compartments, mismatches };
    const text = lines.join('') + mismatches.map(describeMismatch).join('');
    await io.stdout.write(json === true ? jsonText(report) : safeLines(text));
    finish(mismatches.length === 0 ? 'done' : 'failed');
  });
}

export function describeMismatch({ from, to, compartment, demanded, actual }: Mismatch): string {
  return `the link of ${from} to ${to} demands of ${compartment} the measurement ${demanded}, and it has ${actual}\n`;
}
