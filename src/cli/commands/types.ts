import { basename } from 'node:path';
import type { Command } from 'commander';
import { declarations } from '../../host/declarations.ts';
import { makeLoader } from '../../load/index.ts';
import { BOUNDS, loadManifest } from '../../policy/index.ts';
import type { World } from '../../wasm/index.ts';
import { type CommandContext, type CommonOptions, makeCommand, withCommonOptions } from '../command.ts';
import { writeFileAt } from '../files.ts';
import { jsonText } from '../json.ts';
import { loadWorlds } from '../worlds.ts';

interface TypesOptions extends CommonOptions {
  readonly output?: string;
}

/** Declarations for typed access. */
export function typesCommand({ io }: CommandContext): Command {
  const command = makeCommand('types', "write TypeScript declarations of the guests' exports", [
    'cofferdam types cofferdam.yaml -o guests.d.ts',
    'cofferdam types ./guests/summarise.wasm',
  ])
    .argument('<file>', 'a manifest, or a component (.wasm)')
    .option('-o, --output <file>', 'write to this file instead of stdout');
  return withCommonOptions(command).action(async (file: string, { json, output }: TypesOptions) => {
    const worlds = isModule(file) ? await worldOfFile(file, io.cwd) : await loadWorlds(await loadManifest(file));
    const text = declarations(worlds, basename(file));
    if (output !== undefined) await writeFileAt(output, text);
    if (json === true)
      await io.stdout.write(jsonText({ compartments: [...worlds.keys()], output: output ?? null, text }));
    else if (output === undefined) await io.stdout.write(text);
  });
}

function isModule(file: string): boolean {
  return file.startsWith('npm:') || file.endsWith('.wasm');
}

/** Of a component, which carries its types, under the name of its file. */
async function worldOfFile(file: string, baseDir: string): Promise<Map<string, World>> {
  await using loader = await makeLoader({ baseDir });
  // Nothing is run, so no limit of a compartment applies.
  const limits = { memoryBytes: BOUNDS.memoryBytes[1], tableEntries: BOUNDS.tableEntries[1] };
  const { world } = await loader.load({ wasm: file, sha256: null, abi: 'component', wit: null, limits });
  return new Map([[compartmentName(basename(file)), world]]);
}

function compartmentName(file: string): string {
  const words = file.replace(/(\.component)?\.wasm$/, '').toLowerCase();
  return words.replace(/[^a-z0-9]+/g, '-').replace(/^-|-$/g, '') || 'guest';
}
