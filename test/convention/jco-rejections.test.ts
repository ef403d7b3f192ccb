import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';

const SOURCE = new URL('../../src/convention/jco.ts', import.meta.url).href;

/** Runs `more` in a process of its own, where a guest's script has just left a rejected promise behind. */
function run(more: string) {
  const program = `
    import { makeJcoCode } from ${JSON.stringify(SOURCE)};
    const type = { params: [], result: null, async: true };
    const code = makeJcoCode({
      world: { imports: [], exports: [{ interface: null, name: 'go', id: 'go', type }], resources: [] },
      sha256: '', limits: { messageBytes: 100 }, modules: [],
      source: '() => ({ go: () => { Promise.reject(new Error("left behind")); return new Promise(() => {}); } })',
    });
    const host = { call() {}, suspending: new Set(), output() {}, nowNs: () => 0n, random() {} };
    const ending = await code.instantiate(host).callSuspending(0, []).then(() => 'none', (error) => error.code);
    console.log(ending);
    ${more}`;
  return spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' });
}

describe('a promise that nobody waits for', () => {
  it('ends the guest whose it is, and not the process', () => {
    const { stdout, status } = run('setTimeout(() => console.log("alive"), 20);');
    expect([stdout, status]).toEqual(['GUEST_TRAP\nalive\n', 0]);
  });

  it('of the program goes on to end the process, unless the program wants it otherwise', () => {
    const { stdout, stderr, status } = run(
      'Promise.reject(new Error("ours")); setTimeout(() => console.log("alive"), 20);',
    );
    expect([stdout, status]).toEqual(['GUEST_TRAP\n', 1]);
    expect(stderr).toContain('ours');
    const wanted = run('process.on("unhandledRejection", () => {}); Promise.reject(new Error("ours"));');
    expect(wanted.status).toBe(0);
  });
});
