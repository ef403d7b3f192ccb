import type { Command } from 'commander';
import { HOST } from '../../broker/edge.ts';
import { isNamed } from '../../broker/wiring.ts';
import type { CallOptions, Reply } from '../../host/held.ts';
import type { Host } from '../../host/host.ts';
import { formatLabel, type LabelInput } from '../../label/index.ts';
import type { Field } from '../../wasm/types.ts';
import { fromJson, readArguments } from '../arguments.ts';
import { type CommandContext, type CommonOptions, makeCommand, withCommonOptions } from '../command.ts';
import type { Io } from '../io.ts';
import { jsonText } from '../json.ts';
import { safeLines } from '../output.ts';
import { offeredBy, type PrintedResource, parseResource } from '../resources.ts';

interface RunOptions extends CommonOptions {
  readonly call: string;
  readonly args: string;
  readonly secrecy?: string;
  readonly integrity?: string;
  readonly public?: boolean;
  readonly resource?: readonly PrintedResource[];
  readonly control?: string | true;
}

/** One call, and what became of it. */
export function runCommand({ io }: CommandContext): Command {
  const command = makeCommand('run', 'call one export of a guest under a manifest', [
    `cofferdam run cofferdam.yaml --call summarise.summarise --args '["some text"]' --secrecy customer:acme`,
    `cofferdam run cofferdam.yaml --call notify.send --args @args.json --public --resource webhook=stdout`,
  ])
    .argument('<manifest>', 'the manifest (YAML or JSON)')
    .requiredOption('--call <compartment.export>', 'what to call')
    .option('--args <json>', 'the arguments: a JSON array, @file, or @- for stdin', '[]')
    .option('--secrecy <tags>', 'secrecy tags of the arguments, with commas between them')
    .option('--integrity <tags>', 'integrity tags of the arguments')
    .option('--public', 'the arguments carry no tag at all')
    .option('--resource <name=stream>', 'print what guests send to this resource, on stdout or stderr', parseResource)
    .option('--control [path]', 'let `cofferdam ps`, `stop`, … reach the host while it runs');
  return withCommonOptions(command).action(async (manifest: string, options: RunOptions) => {
    const args = await readArguments(options.args, io);
    // Only here: no other command needs the code that runs guests, and each is to start fast.
    const { createHost } = await import('../../host/create.ts');
    await using host = await createHost(manifest, {
      resources: offeredBy(options.resource ?? [], io),
      ...(options.control === undefined ? {} : { control: options.control }),
    });
    const denied = options.json === true ? collectDenied(host) : [];
    if (options.json !== true) narrate(host, io);
    const reply = await host.call(options.call, fromJson(args, paramsOf(host, options.call)), callOptions(options));
    await host.drained();
    await io.stdout.write(options.json === true ? jsonText(documentOf(reply, denied)) : textOf(reply, io));
  });
}

/** Empty when there is no such export, or more than one: the call itself says so. */
function paramsOf(host: Host, target: string): readonly Field[] {
  const dot = target.indexOf('.');
  const compartment = host.compartments().find(({ name }) => name === target.slice(0, dot));
  const key = target.slice(dot + 1);
  const [found] = compartment?.world.exports.filter(({ id }) => isNamed(id, key)) ?? [];
  return found?.type.params ?? [];
}

/** Without any option there is no label, which is an error unless the manifest has a default. */
function callOptions({ secrecy, integrity, public: isPublic }: RunOptions): CallOptions {
  const label: LabelInput = { secrecy: tagsOf(secrecy), integrity: tagsOf(integrity) };
  return secrecy === undefined && integrity === undefined && isPublic !== true ? {} : { label };
}

function tagsOf(text: string | undefined): string[] {
  return (text ?? '')
    .split(',')
    .map((tag) => tag.trim())
    .filter((tag) => tag !== '');
}

/** Tells on stderr of what the caller does not see: what guests tried among each other. */
function narrate(host: Host, { stderr }: Io): void {
  const tell = (what: string, text: string) =>
    void stderr.write(`${stderr.style('yellow', what)} ${safeLines(text)}\n`);
  host.on('denied', ({ from, edge, text }) => {
    if (from !== HOST) tell('denied', `${edge}\n${text}`);
  });
  host.on('undelivered', ({ edge, error }) => tell('undelivered', `${edge}: ${error.message}`));
  host.on('output', ({ compartment, label, stream, bytes }) =>
    tell(`${compartment} ${formatLabel(label)} ${stream}`, new TextDecoder().decode(bytes).trimEnd()),
  );
}

/** More of them say nothing new; the journal has all. */
const MAX_DENIED = 100;

function collectDenied(host: Host): object[] {
  const denied: object[] = [];
  host.on('denied', ({ from, to, edge, explanation }) => {
    if (from !== HOST && denied.length < MAX_DENIED) denied.push({ from, to, edge, explanation });
  });
  return denied;
}

function documentOf({ value, label: { secrecy, integrity }, message }: Reply, denied: readonly object[]): object {
  return { value, label: { secrecy, integrity }, message, denied };
}

function textOf({ value, label, message }: Reply, { stdout }: Io): string {
  return `${jsonText(value)}${stdout.style('dim', `label ${formatLabel(label)}, message ${message}`)}\n`;
}
