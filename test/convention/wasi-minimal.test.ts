import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { InstanceHost } from '../../src/compartment/contract.ts';
import { MINIMAL_WASI_TYPES, makeMinimalWasi } from '../../src/convention/wasi-minimal.ts';
import { CofferdamError } from '../../src/error.ts';
import { inspectModule } from '../../src/wasm/module.ts';
import { codeOf } from '../compartment/support.ts';

const SUCCESS = 0;
const EBADF = 8;
const EFAULT = 21;
const EINVAL = 28;
const TEXT = new TextEncoder().encode('one two\nthree — four');

interface Recorded extends InstanceHost {
  readonly written: { stream: string; text: string }[];
  ns: bigint;
}

function makeHost(): Recorded {
  const written: { stream: string; text: string }[] = [];
  const host = {
    written,
    ns: 1_700_000_000_123_456_789n,
    call: () => undefined,
    suspending: new Set<number>(),
    output: (stream: string, bytes: Uint8Array) => written.push({ stream, text: new TextDecoder().decode(bytes) }),
    nowNs: () => host.ns,
    random: (bytes: Uint8Array) => bytes.fill(7),
  };
  return host;
}

function start(guest: string, host: InstanceHost) {
  const module = new WebAssembly.Module(readFileSync(new URL(`../../guests/${guest}.wasm`, import.meta.url)));
  const memory = (): WebAssembly.Memory => instance.exports.memory as WebAssembly.Memory;
  const instance = new WebAssembly.Instance(module, { wasi_snapshot_preview1: { ...makeMinimalWasi(memory, host) } });
  const call = (name: string, ...args: number[]): number =>
    (instance.exports[name] as (...args: number[]) => number)(...args);
  return { call, memory, exports: instance.exports };
}

/** One page of memory and the WASI over it, without a guest. */
function direct(host: InstanceHost = makeHost()) {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const wasi = makeMinimalWasi(() => memory, host);
  const call = (name: string, ...args: (number | bigint)[]): number => {
    const func = wasi[name];
    if (func === undefined) throw new Error(`no ${name}`);
    return func(...args);
  };
  return { call, view: new DataView(memory.buffer), bytes: new Uint8Array(memory.buffer) };
}

describe('the C guest', () => {
  it('counts, and prints a line', () => {
    const host = makeHost();
    const { call, memory } = start('count/count', host);
    call('_initialize');
    const at = call('cabi_realloc', 0, 0, 1, TEXT.length);
    new Uint8Array(memory().buffer).set(TEXT, at);
    const result = new DataView(memory().buffer, call('desk:text/count#count', at, TEXT.length));
    expect([0, 4, 8].map((offset) => result.getUint32(offset, true))).toEqual([5, 2, 20]);
    expect(host.written).toEqual([{ stream: 'stdout', text: 'counted 5 words in 2 lines\n' }]);
  });

  it('imports nothing but what is provided, with these signatures', () => {
    const bytes = readFileSync(new URL('../../guests/count/count.wasm', import.meta.url));
    for (const { name, type } of inspectModule(bytes).imports) {
      expect(type).toEqual({ kind: 'func', type: MINIMAL_WASI_TYPES[name] });
    }
  });
});

describe('a guest that ends itself', () => {
  it('is told apart from one that traps', () => {
    const { call } = start('attacks/exit', makeHost());
    expect(() => call('run')).toThrow(
      expect.objectContaining({ code: 'GUEST_EXIT', details: { status: 7 } }) as CofferdamError,
    );
  });
});

describe('a guest that floods its output', () => {
  it('is stopped by what the host throws, and gave it bounded pieces', () => {
    const host = makeHost();
    let sum = 0;
    let largest = 0;
    host.output = (_stream, bytes) => {
      sum += bytes.length;
      largest = Math.max(largest, bytes.length);
      if (sum > 1_000_000) throw new CofferdamError('GUEST_TRAP', 'too much output');
    };
    const { call } = start('attacks/output-flood', host);
    expect(codeOf(() => call('run'))).toBe('GUEST_TRAP');
    expect(largest).toBe(64 * 1024);
  });
});

describe('vectors that lie', () => {
  it.each([
    ['good', SUCCESS],
    ['past-end', EFAULT],
    ['wrapping', EFAULT],
    ['vectors-past-end', EFAULT],
    ['too-many-vectors', EINVAL],
    ['written-past-end', EFAULT],
    ['bad-descriptor', EBADF],
  ])('%s is answered %i', (name, errno) => {
    const host = makeHost();
    const { call, memory } = start('attacks/bad-iovec', host);
    expect(call(name)).toBe(errno);
    expect(host.written.length).toBe(errno === SUCCESS ? 1 : 0);
    expect(memory().buffer.byteLength).toBe(65536);
  });
});

describe('descriptors', () => {
  it('are three, and can be closed once', () => {
    const { call } = direct();
    expect([0, 1, 2, 3].map((fd) => call('fd_fdstat_get', fd, 64))).toEqual([SUCCESS, SUCCESS, SUCCESS, EBADF]);
    expect([1, 1, 9].map((fd) => call('fd_close', fd))).toEqual([SUCCESS, EBADF, EBADF]);
    expect(call('fd_write', 1, 0, 0, 64)).toBe(EBADF);
  });

  it('include no folder, and an empty standard input', () => {
    const { call, view } = direct();
    expect(call('fd_prestat_get', 3, 64)).toBe(EBADF);
    view.setUint32(64, 99, true);
    expect(call('fd_read', 0, 0, 0, 64)).toBe(SUCCESS);
    expect(view.getUint32(64, true)).toBe(0);
  });
});

describe('the limit of vectors', () => {
  it('allows 1024 and refuses 1025', () => {
    const { call } = direct();
    expect(call('fd_write', 1, 0, 1024, 65532)).toBe(SUCCESS);
    expect(call('fd_write', 1, 0, 1025, 65532)).toBe(EINVAL);
  });
});

describe('the limit of a pointer', () => {
  it('allows the last word of memory and refuses one past it', () => {
    const { call, bytes } = direct();
    expect(call('args_sizes_get', 65528, 65532)).toBe(SUCCESS);
    expect(call('args_sizes_get', 65532, 65533)).toBe(EFAULT);
    expect(call('random_get', 65535, 1)).toBe(SUCCESS);
    expect(bytes[65535]).toBe(7);
    expect(call('random_get', 65535, 2)).toBe(EFAULT);
    expect(call('random_get', -1, 1)).toBe(EFAULT);
    expect(call('random_get', 0, -1)).toBe(EFAULT);
    expect(call('clock_time_get', 0, 1n, 65529)).toBe(EFAULT);
    expect(call('fd_fdstat_get', 1, 65513)).toBe(EFAULT);
  });
});

describe('clocks', () => {
  it('are rounded down to a millisecond and never go back', () => {
    const host = makeHost();
    const { call, view } = direct(host);
    const now = (clock: number): bigint => {
      expect(call('clock_time_get', clock, 1n, 64)).toBe(SUCCESS);
      return view.getBigUint64(64, true);
    };
    expect(now(0)).toBe(1_700_000_000_123_000_000n);
    host.ns = 1_600_000_000_000_000_000n;
    expect(now(1)).toBe(1_700_000_000_123_000_000n);
    expect(call('clock_res_get', 1, 64)).toBe(SUCCESS);
    expect(view.getBigUint64(64, true)).toBe(1_000_000n);
  });

  it('do not include CPU time', () => {
    const { call } = direct();
    expect([2, 3, -1].map((clock) => call('clock_time_get', clock, 1n, 64))).toEqual([EINVAL, EINVAL, EINVAL]);
  });
});

it('provides exactly the functions that it has types for', () => {
  const wasi = makeMinimalWasi(() => new WebAssembly.Memory({ initial: 1 }), makeHost());
  expect(Object.keys(wasi).sort()).toEqual(Object.keys(MINIMAL_WASI_TYPES).sort());
});
