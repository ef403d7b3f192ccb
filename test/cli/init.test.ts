import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cofferdam, cofferdamInside, errorCode, makeFolder } from './support.ts';

describe('init', () => {
  it('writes a start that its own advice runs', async () => {
    const folder = makeFolder();
    const { code, stdout } = await cofferdam(['init', 'demo', '--json'], { cwd: folder });
    expect(code).toBe(0);
    const { next, files } = JSON.parse(stdout) as { next: string[]; files: string[] };
    for (const file of files) expect(existsSync(join(folder, 'demo', file))).toBe(true);
    for (const line of next) {
      const [, ...args] = line.split(' ').map((word) => word.replace(/^'|'$/g, ''));
      expect(await cofferdam(args, { cwd: folder })).toMatchObject({ code: 0, stderr: '' });
    }
  });

  it('writes over nothing', async () => {
    const folder = makeFolder();
    writeFileSync(join(folder, 'greet.wit'), 'mine');
    const ended = await cofferdamInside(['init', folder, '--json']);
    expect([ended.code, errorCode(ended)]).toEqual([1, 'INIT_EXISTS']);
    expect(readFileSync(join(folder, 'greet.wit'), 'utf8')).toBe('mine');
    expect(existsSync(join(folder, 'cofferdam.yaml'))).toBe(false);
  });

  it('does not write through a link that leads nowhere yet', async () => {
    const [folder, elsewhere] = [makeFolder(), makeFolder()];
    symlinkSync(join(elsewhere, 'target'), join(folder, 'cofferdam.yaml'));
    const ended = await cofferdamInside(['init', folder, '--json']);
    expect([ended.code, errorCode(ended)]).toEqual([1, 'INIT_EXISTS']);
    expect(existsSync(join(elsewhere, 'target'))).toBe(false);
  });

  it('says where it cannot write', async () => {
    const folder = makeFolder();
    mkdirSync(join(folder, 'a'));
    writeFileSync(join(folder, 'a/file'), '');
    const ended = await cofferdamInside(['init', join(folder, 'a/file/demo'), '--json']);
    expect([ended.code, errorCode(ended)]).toEqual([1, 'CLI_FILE']);
  });
});
