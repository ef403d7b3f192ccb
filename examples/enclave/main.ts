import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runTour } from './tour.ts';

// A platform of its own for each run: the keeper would otherwise remember the tries of the last one.
const state = mkdtempSync(join(tmpdir(), 'cofferdam-enclave-'));
try {
  for (const line of await runTour(state)) console.log(line);
} finally {
  rmSync(state, { recursive: true });
}
