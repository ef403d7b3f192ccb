import type { Command } from 'commander';
import { type LinkReport, linksOf } from '../../host/links.ts';
import { type Inspection, inspectFile } from '../../load/index.ts';
import { loadManifest } from '../../policy/index.ts';
import { type CommandContext, type CommonOptions, makeCommand, withCommonOptions } from '../command.ts';
import { jsonText } from '../json.ts';
import { safeLines } from '../output.ts';

interface InspectOptions extends CommonOptions {
  readonly links?: boolean;
}

/** What is in a module or component, or how the links of a manifest are crossed, without running or trusting it. */
export function inspectCommand({ io }: CommandContext): Command {
  const command = makeCommand('inspect', 'what a module or component imports, exports and holds', [
    'cofferdam inspect ./guests/summarise.wasm',
    'cofferdam inspect npm:@arcjet/redact-wasm/wasm/arcjet_analyze_bindings_redact.component.wasm',
    'cofferdam inspect --links cofferdam.yaml',
  ])
    .argument('<file>', 'a .wasm file, npm:package/path/to.wasm, or with --links a manifest')
    .option('--links', 'how each link of a manifest is crossed, and why');
  return withCommonOptions(command).action(async (file: string, { json, links }: InspectOptions) => {
    if (links === true) {
      const reports = await linksOf(await loadManifest(file));
      return io.stdout.write(json === true ? jsonText({ links: reports }) : safeLines(renderLinks(reports)));
    }
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
    ['Streams or futures in', withStreams([...imports, ...exports])],
    ['Run by', inspection.isAsync ? [`jco, since it has ${reasonForJco(inspection)}`] : []],
  ];
  const shown = sections
    .filter(([, lines]) => lines.length > 0)
    .map(([title, lines]) => `${title}\n${lines.map((line) => `  ${line}\n`).join('')}\n`);
  const head = `${file}: ${kind === 'core' ? 'core module' : 'component'}, ${bytes} bytes\nsha256 ${sha256}\n\n`;
  return `${head}${shown.join('')}The least that a manifest must say to run it\n${indent(inspection.manifestEntry)}`;
}

function withStreams(items: Inspection['imports']): string[] {
  return [...new Set(items.filter(({ hasStreams }) => hasStreams).map(({ name }) => name))];
}

function reasonForJco({ imports, exports }: Inspection): string {
  const names = (items: Inspection['imports']) => items.filter(({ isAsync }) => isAsync).map(({ name }) => name);
  const [given, needed] = [names(exports), names(imports)];
  const lists = [
    ...(given.length > 0 ? [`exports ${given.join(', ')}`] : []),
    ...(needed.length > 0 ? [`imports ${needed.join(', ')}`] : []),
  ];
  return lists.length === 0 ? 'async functions inside, or streams' : `async functions: ${lists.join('; ')}`;
}

function renderLinks(links: readonly LinkReport[]): string {
  if (links.length === 0) return 'no links\n';
  return links
    .map((link) => {
      const served = link.export === null || link.export === link.import ? '' : ` (as ${link.export})`;
      const how = link.reason === null ? link.crossing : `${link.crossing}, since ${link.reason}`;
      return `${link.from} -> ${link.to}: ${link.import}${served}\n  ${how}\n`;
    })
    .join('');
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
