import { access, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Command } from 'commander';
import { CofferdamError } from '../../error.ts';
import { type CommandContext, type CommonOptions, makeCommand, withCommonOptions } from '../command.ts';
import { reason } from '../files.ts';
import { jsonText } from '../json.ts';
import { safeLines } from '../output.ts';

/** What a start consists of, below the folder of the starter. */
const FILES = ['cofferdam.yaml', 'greet.wasm', 'greet.wit', 'src/greet.ts'];

/** A manifest and a guest to start from. Never writes over a file. */
export function initCommand({ io }: CommandContext): Command {
  const command = makeCommand('init', 'write a manifest and a guest to start from', ['cofferdam init demo']).argument(
    '[dir]',
    'the folder to write them into; it is made if it is not there',
    '.',
  );
  return withCommonOptions(command).action(async (dir: string, { json }: CommonOptions) => {
    const folder = resolve(io.cwd, dir);
    await writeStarter(folder);
    const manifest = join(dir, 'cofferdam.yaml');
    const next = [
      `cofferdam check ${manifest}`,
      `cofferdam run ${manifest} --call greet.greet --args '["Ada"]' --secrecy customer:acme`,
    ];
    if (json === true) await io.stdout.write(jsonText({ folder, files: FILES, next }));
    else {
      const lines = FILES.map((file) => `  ${join(dir, file)}\n`);
      await io.stdout.write(safeLines(`Written:\n${lines.join('')}\nTry:\n  ${next.join('\n  ')}\n`));
    }
  });
}

/** Throws INIT_EXISTS before anything is written, CLI_FILE. */
async function writeStarter(folder: string): Promise<void> {
  for (const file of FILES) if (await exists(join(folder, file))) throw inTheWay(join(folder, file));
  for (const file of FILES) {
    const target = join(folder, file);
    const bytes = await readFile(new URL(file, starterUrl()));
    try {
      await mkdir(dirname(target), { recursive: true });
      // `x`: one that came into being since is not written over either.
      await writeFile(target, bytes, { flag: 'wx' });
    } catch (cause) {
      if (reason(cause) === 'EEXIST') throw inTheWay(target);
      throw new CofferdamError('CLI_FILE', `${target} cannot be written (${reason(cause)}).`, { cause });
    }
  }
}

/** In a build it is copied beside the code. */
function starterUrl(): URL {
  return new URL(import.meta.url.endsWith('.ts') ? '../../../guests/starter/' : './starter/', import.meta.url);
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}

function inTheWay(file: string): CofferdamError {
  return new CofferdamError(
    'INIT_EXISTS',
    `${file} is there already, and init writes over nothing. Name a new folder.`,
    {
      details: { file },
    },
  );
}
