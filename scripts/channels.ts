/** Measures the channels that labels do not close: bits per second, per kind. `node scripts/channels.ts --help` */
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import type { Channel } from './channels/channel.ts';
import { wallClock } from './channels/clock.ts';
import { type Kind, type Measured, measure } from './channels/measure.ts';
import { memoryPressure } from './channels/memory.ts';
import { queueTiming } from './channels/queue.ts';
import { termination } from './channels/termination.ts';

const HELP = `Usage: npm run channels -- [OPTIONS]

An encoder guest at {customer:acme} and a decoder guest without secrecy get one bit after the other past the labels, with
random bits; the table says how many in a second, and how sure that is (95 %). Nobody else should use the machine.

  --kind KINDS       of inline, worker, process, with commas between (all)
  --channel PATTERN  only channels whose number or name holds it
  --seconds N        per row (2)
  --seed N           of the bits (1)
  --json FILE        the rows, too
  --help
`;

const CHANNELS: readonly Channel[] = [wallClock, memoryPressure, queueTiming, termination];
const KINDS: readonly Kind[] = ['inline', 'worker', 'process'];

const { values } = parseArgs({
  options: {
    kind: { type: 'string', default: KINDS.join(',') },
    channel: { type: 'string', default: '' },
    seconds: { type: 'string', default: '2' },
    seed: { type: 'string', default: '1' },
    json: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

function usage(message: string): never {
  process.stderr.write(`${message}\n\n${HELP}`);
  process.exit(2);
}

if (values.help) {
  process.stdout.write(HELP);
  process.exit(0);
}
const kinds = values.kind.split(',').map((name) => KINDS.find((kind) => kind === name) ?? usage(`No kind ${name}.`));
const seconds = Number(values.seconds);
if (!(seconds > 0 && seconds <= 3600)) usage(`--seconds ${values.seconds} is not between 0 and 3600.`);
const seed = Number(values.seed);
if (!Number.isInteger(seed)) usage(`--seed ${values.seed} is not a whole number.`);
const channels = CHANNELS.filter(({ number, name }) => `${number} ${name}`.includes(values.channel));
if (channels.length === 0) usage(`No channel is called ${values.channel}.`);

const rows: Measured[] = [];
for (const channel of channels) {
  for (const setting of channel.settings) {
    for (const kind of kinds) {
      if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${channel.name}: ${setting.name}, ${kind} …`);
      rows.push(await measure(channel, setting, { kind, seconds, seed }));
    }
  }
}
if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');

const round = (rate: number) => (rate === 0 ? '0' : rate >= 10 ? String(Math.round(rate)) : rate.toPrecision(2));
const cell = ({ bitsPerSecond, low, high }: Measured) => `${round(bitsPerSecond)} (${round(low)}-${round(high)})`;
process.stdout.write(`| channel | setting | ${kinds.join(' | ')} |\n| --- | --- |${' ---: |'.repeat(kinds.length)}\n`);
for (const channel of channels) {
  for (const { name } of channel.settings) {
    const cells = rows.filter((row) => row.number === channel.number && row.setting === name).map(cell);
    process.stdout.write(`| ${channel.number} ${channel.name} | ${name} | ${cells.join(' | ')} |\n`);
  }
}
if (values.json !== undefined) {
  const machine = { cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length, node: process.version };
  writeFileSync(values.json, `${JSON.stringify({ machine, seed, seconds, rows }, null, 2)}\n`);
}
