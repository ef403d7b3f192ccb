import { relative } from 'node:path';
import { styleText } from 'node:util';
import type { Report } from './desk.ts';

const heading = (number: number, text: string) => styleText(['bold', 'cyan'], `\n${number}. ${text}\n`);
const dim = (text: string) => styleText('dim', text);
const good = (text: string) => styleText('green', text);
const bad = (text: string) => styleText('red', text);
const indent = (text: string, by = '   ') =>
  text
    .split('\n')
    .map((line) => by + line)
    .join('\n');
const kib = (bytes: number) => `${Math.round(bytes / 1024)} KiB`;

/** The report as a person reads it, colours where the terminal has them. */
export function renderReport(report: Report): string {
  return [
    styleText('bold', 'Support desk: tickets of two customers, through plugins that nobody here trusts.'),
    dim(
      'Each plugin is a compartment. A message goes only where its label may go; everything that crosses is in a journal.',
    ),
    heading(1, 'What runs'),
    ...report.compartments.map(
      ({ name, from, speaks, sha256 }) =>
        `   ${name.padEnd(10)} ${speaks.padEnd(15)} ${from}  ${dim(`sha256 ${sha256.slice(0, 12)}…`)}`,
    ),
    heading(2, 'Allowed: each ticket is worked on at the label of its customer'),
    ...report.tickets.flatMap(({ path, label, topic, urgency, words, summary, isReformatted }) => [
      `   ${good('✓')} ${path.padEnd(30)} ${styleText('yellow', label)}  ${topic}, urgency ${urgency}, ${words} words${isReformatted ? ', reformatted' : ''}`,
      dim(indent(summary, '       ')),
    ]),
    heading(3, 'Denied: the summariser also has a "telemetry"'),
    ...report.denied.flatMap(({ edge, explanation, times }) => [
      `   ${bad('✗')} ${edge}${times > 1 ? dim(`  (${times} times)`) : ''}`,
      indent(explanation, '       '),
      '',
    ]),
    dim(
      '   The plugin went on and never learned of it: to a sender, a one-way message is "accepted" and nothing else.',
    ),
    heading(4, 'Stopped: a plugin that never comes back'),
    ...report.stopped.flatMap(({ path, code, message, afterMs }) => [
      `   ${bad('✗')} ${path.padEnd(30)} ${code} ${dim(`after ${Math.round(afterMs)} ms`)}`,
      indent(message, '       '),
    ]),
    dim('   Its instance is discarded. Every other plugin went on with this ticket and the next.'),
    heading(5, 'Released: the same tickets, through the one gate'),
    ...report.released.flatMap(({ path, before, after, text }) => [
      `   ${good('→')} ${path.padEnd(30)} ${styleText('yellow', before)} → ${styleText('yellow', after)}`,
      dim(indent(text, '       ')),
    ]),
    `\n   The webhook got ${report.arrived.length} messages; ${report.leaks.length === 0 ? good('no address, phone or card number of any ticket among them') : bad(`LEAKED: ${report.leaks.join(', ')}`)}.`,
    heading(6, 'Two customers, two instances of each compartment, two memories'),
    ...report.instances.map(({ id, memoryBytes }) => `   ${id.padEnd(36)} ${dim(kib(memoryBytes))}`),
    heading(7, 'Ask the journal'),
    `   Which denials?                    ${report.questions.denials}  ${dim(cofferdam('audit denials', report))}`,
    `   How often was the gate used?      ${report.questions.gateUses}  ${dim(cofferdam('audit gates', report))}`,
    `   Is it intact?                     ${report.journal.ok ? good('yes') : bad('NO')}, ${report.journal.events} events  ${dim(cofferdam('audit verify', report))}`,
    `   Where did acme's data go?         ${dim(cofferdam('audit trace', report, ' --tag customer:acme'))}`,
    ...report.questions.routes.map((route) => `     ${route.endsWith('DENIED') ? bad('✗') : good('→')} ${route}`),
    dim(
      `\n   Journal: ${where(report)}, head ${report.journal.head.slice(0, 24)}…   Done in ${(report.elapsedMs / 1000).toFixed(1)} s.`,
    ),
  ].join('\n');
}

const where = (report: Report) => relative(process.cwd(), report.journal.path);

function cofferdam(command: string, report: Report, rest = ''): string {
  return `npm run cofferdam -- ${command} ${where(report)}${rest}`;
}
