import type { Command } from 'commander';
import { type Inspection, inspectFile } from '../../load/index.ts';
import { type CommandContext, type CommonOptions, makeCommand, withCommonOptions } from '../command.ts';
import { jsonText } from '../json.ts';
import { safeLines } from '../output.ts';

/** What is in a module or component, without running or trusting it. */
export function inspectCommand({ io }: CommandContext): Command {
  const command = makeCommand('inspect', 'what a module or component imports, exports and holds', [
    'cofferdam inspect ./guests/summarise.wasm',
    'cofferdam inspect npm:@arcjet/redact-wasm/wasm/arcjet_analyze_bindings_redact.component.wasm',
  ]).argument('<file>', 'a .wasm file, or npm:package/path/to.wasm');
  return withCommonOptions(command).action(async (file: string, { json }: CommonOptions) => {
    const inspection = await inspectFile(file, { baseDir: io.cwd });
    await io.stdout.write(json === true ? jsonText(inspection) : safeLines(renderInspection(inspection)));
  });
}

function renderInspection(inspection: Inspection): string {
  const { file, kind, bytes, sha256, imports, exports, modules, custom, producers, features } = inspection;
  const sections: readonly (readonly [string, readonly string[]])[] = [
    ['Imports', imports.map(({ name, type }) => `${name}: ${type}`)],
    ['Exports', exports.map(({ name, type }) => `${name}: ${type}`)],
    ['Core modules', modules.map(describeModule)],
    ['Custom sections', custom.map((section) => `${section.name} (${section.bytes} bytes)`)],
    ['Made with', producers.map(({ field, name, version }) => `${field}: ${name} ${version}`)],
    ['Needs', features],
    ['Run by', inspection.isAsync ? ['jco, since it has async functions'] : []],
  ];
  const shown = sections
    .filter(([, lines]) => lines.length > 0)
    .map(([title, lines]) => `${title}\n${lines.map((line) => `  ${line}\n`).join('')}\n`);
  const head = `${file}: ${kind === 'core' ? 'core module' : 'component'}, ${bytes} bytes\nsha256 ${sha256}\n\n`;
  return `${head}${shown.join('')}The least that a manifest must say to run it\n${indent(inspection.manifestEntry)}`;
}

function describeModule({ bytes, functions, hasStart, memories, tables }: Inspection['modules'][number]): string {
  const range = ({ initial, maximum, imported }: Inspection['modules'][number]['memories'][number], unit: string) =>
    `${imported ? 'imports ' : ''}${initial} to ${maximum ?? 'any number of'} ${unit}`;
  return [
    `${bytes} bytes, ${functions} functions`,
    ...memories.map((memory) => `memory: ${range(memory, 'pages of 64 KiB')}`),
    ...tables.map((table) => `table: ${range(table, 'entries')}`),
    ...(hasStart ? ['runs code when it starts'] : []),
  ].join('; ');
}

function indent(text: string): string {
  return text.replace(/^(?=.)/gm, '  ');
}
