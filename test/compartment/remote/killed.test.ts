import { spawn } from 'node:child_process';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { processes } from '../../../src/host/processes.ts';
import { verifyJournal } from '../../../src/index.ts';
import { makeHost } from '../../arena.ts';

const PUBLIC = { label: {} };
const CALLS = 1_000;

afterEach(() => void vi.restoreAllMocks());

/** The processes that are taken for guests from now on. */
function watchProcesses(): number[] {
  const pids: number[] = [];
  const take = processes.take.bind(processes);
  vi.spyOn(processes, 'take').mockImplementation(() => {
    const taken = take();
    pids.push(taken.child.pid);
    return taken;
  });
  return pids;
}

/** From outside, so that it comes while this process waits for an answer. */
function killSoon(pid: number, afterMs: number): void {
  spawn('sh', ['-c', `sleep ${afterMs / 1_000}; kill -9 ${pid}`], { stdio: 'ignore' }).unref();
}

describe('a process that is killed in the middle of a thousand calls', () => {
  const worker = {
    kind: 'process',
    // Works for a while on both sides of its import, so that the end comes anywhere.
    wat: `(module (import "$root" "note" (func $note (param i32) (result i32)))
      (func $work (local $i i32) (loop $l (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 200000)))))
      (func (export "run") (param i32) (result i32) (local $n i32)
        (call $work) (local.set $n (call $note (local.get 0))) (call $work) (i32.add (local.get $n) (i32.const 1))))`,
    wit: 'world guest { import note: func(n: u32) -> u32; export run: func(n: u32) -> u32; }',
  };
  const ledger = {
    wat: `(module (memory 1)
      (func (export "note") (param i32) (result i32)
        (i32.store8 (local.get 0) (i32.add (i32.load8_u (local.get 0)) (i32.const 1))) (local.get 0))
      (func (export "times") (param i32) (result i32) (i32.load8_u (local.get 0))))`,
    wit: 'world guest { export note: func(n: u32) -> u32; export times: func(n: u32) -> u32; }',
  };

  it('every call ends with its result or a code, none has its effect twice, others go on, and the journal verifies', async () => {
    const pids = watchProcesses();
    const host = await makeHost({
      compartments: { worker, ledger, other: { ...ledger, kind: 'process' } },
      links: [{ from: 'worker', import: 'note', to: 'ledger' }],
      audit: { path: './audit.db' },
    });
    await host.call('other.note', [0], PUBLIC);
    const others = pids.length;
    let ok = 0;
    let died = 0;
    let victims = 0;
    for (let n = 0; n < CALLS; n++) {
      if (n % 200 === 100) {
        killSoon(pids.at(-1) ?? 0, 5 + victims);
        victims += 1;
      }
      const outcome = await host.call('worker.run', [n], PUBLIC).then(
        ({ value }) => value,
        (error: { code: string }) => error.code,
      );
      if (outcome === n + 1) ok += 1;
      else {
        expect(outcome).toBe('COMPARTMENT_DIED');
        died += 1;
      }
    }
    expect(pids.length).toBeGreaterThan(others + 1); // it was killed, and began anew
    expect(ok + died).toBe(CALLS);
    expect(died).toBeLessThanOrEqual(victims); // some are found between two calls, and cost none
    const times: unknown[] = [];
    for (let n = 0; n < CALLS; n++) times.push((await host.call('ledger.times', [n], PUBLIC)).value);
    expect(times.filter((each) => each !== 0 && each !== 1)).toEqual([]);
    expect(times.filter((each) => each === 1).length).toBeGreaterThanOrEqual(ok);
    expect((await host.call('other.times', [0], PUBLIC)).value).toBe(1);
    const path = host.journalPath ?? '';
    await host.close();
    expect(verifyJournal(path)).toMatchObject({ ok: true });
  });
});
