import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runDesk } from './desk.ts';
import { renderReport } from './render.ts';

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    manifest: { type: 'string', default: join(import.meta.dirname, 'cofferdam.yaml') },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) {
  console.log(`The support desk: tickets of two customers go through plugins that nobody here trusts.

  npm start                       the tour
  npm start -- --json             the same as one JSON document
  npm start -- --manifest FILE    under another policy`);
} else {
  const report = await runDesk(values.manifest);
  console.log(values.json ? JSON.stringify(report, null, 2) : renderReport(report));
  process.exitCode = report.journal.ok && report.leaks.length === 0 ? 0 : 1;
}
