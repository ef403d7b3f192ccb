import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');

export interface DeskCopy extends Disposable {
  readonly manifest: string;
  readonly journal: string;
}

/** The support desk in a folder of its own: what it writes stays out of the repository. */
export function copyDesk(): DeskCopy {
  const folder = mkdtempSync(join(tmpdir(), 'cofferdam-desk-'));
  const desk = join(folder, 'examples/support-desk');
  const isOurs = (path: string) => !/[/\\](\.cofferdam|node_modules)([/\\]|$)/.test(path.slice(ROOT.length));
  cpSync(join(ROOT, 'examples/support-desk'), desk, { recursive: true, filter: isOurs });
  cpSync(join(ROOT, 'guests'), join(folder, 'guests'), { recursive: true, filter: isOurs });
  symlinkSync(join(ROOT, 'src'), join(folder, 'src'));
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  return {
    manifest: join(desk, 'cofferdam.yaml'),
    journal: join(desk, '.cofferdam/audit.db'),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true }),
  };
}
