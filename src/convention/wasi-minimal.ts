import type { InstanceHost } from '../compartment/contract.ts';
import { shorten } from '../compartment/guest-error.ts';
import { CofferdamError } from '../error.ts';
import type { CoreFuncType } from '../wasm/core-types.ts';
import type { Plan } from '../wasm/plan.ts';

/*
 * The little of WASI preview 1 that a program built against wasi-libc cannot do without: output as events, a coarse
 * clock, randomness, and exit. No arguments, no environment, no files: what is not here is no import that a guest may
 * have. Source: WebAssembly/WASI, legacy/preview1/docs.md.
 */

/** Error numbers of preview 1. */
const SUCCESS = 0;
const EBADF = 8;
const EFAULT = 21;
const EINVAL = 28;
const ESPIPE = 70;

/** Vectors of one `fd_write`; IOV_MAX of Linux. More is EINVAL. */
const MAX_VECTORS = 1024;
/** Bytes taken by one `fd_write`; the rest is for the guest to write again, as POSIX allows. */
const MAX_WRITE_BYTES = 64 * 1024;
/** Bytes of randomness made at a time. */
const RANDOM_CHUNK_BYTES = 64 * 1024;
/** What clocks are rounded down to: enough for a log line, too coarse to time another guest's cache misses. */
const CLOCK_RESOLUTION_NS = 1_000_000n;

const CHARACTER_DEVICE = 2;
const RIGHT_READ = 1n << 1n;
const RIGHT_WRITE = 1n << 6n;
const FDSTAT_BYTES = 24;

const func = (...params: string[]): CoreFuncType => ({ params, results: ['i32'] });

/** All that a guest may import from `wasi_snapshot_preview1`, with the signatures that it must import them by. */
export const MINIMAL_WASI_TYPES: Readonly<Record<string, CoreFuncType>> = Object.freeze({
  args_get: func('i32', 'i32'),
  args_sizes_get: func('i32', 'i32'),
  clock_res_get: func('i32', 'i32'),
  clock_time_get: func('i32', 'i64', 'i32'),
  environ_get: func('i32', 'i32'),
  environ_sizes_get: func('i32', 'i32'),
  fd_close: func('i32'),
  fd_fdstat_get: func('i32', 'i32'),
  fd_fdstat_set_flags: func('i32', 'i32'),
  fd_prestat_dir_name: func('i32', 'i32', 'i32'),
  fd_prestat_get: func('i32', 'i32'),
  fd_read: func('i32', 'i32', 'i32', 'i32'),
  fd_seek: func('i32', 'i64', 'i32', 'i32'),
  fd_write: func('i32', 'i32', 'i32', 'i32'),
  proc_exit: { params: ['i32'], results: [] },
  random_get: func('i32', 'i32'),
  sched_yield: func(),
});

/**
 * Before anything runs: is all that a guest imports of WASI there for it? Throws WASI_NOT_GRANTED, naming everything that
 * is not.
 */
export function assertWasi({ instantiations }: Plan, granted: 'none' | 'minimal'): void {
  const imported = instantiations.flatMap(({ args }) =>
    args.flatMap(({ value }) => (value.kind === 'wasi' ? [value.name] : [])),
  );
  const missing = imported.filter((name) => granted === 'none' || !Object.hasOwn(MINIMAL_WASI_TYPES, name));
  if (missing.length === 0) return;
  const names = missing.map((name) => shorten(name)).join(', ');
  const remedy =
    granted === 'none'
      ? 'set `wasi: minimal`, or load a guest that does without'
      : 'build it to do without: there is no more';
  throw new CofferdamError(
    'WASI_NOT_GRANTED',
    `The guest imports ${names} of WASI, which it is not granted - ${remedy}`,
    {
      details: { names: missing },
    },
  );
}

type WasiFunction = (...args: readonly (number | bigint)[]) => number;

/**
 * The functions of `wasi_snapshot_preview1` for one instance. Every pointer of the guest is checked against its memory:
 * one that lies outside is answered EFAULT, and nothing is read or written. `proc_exit` throws GUEST_EXIT with
 * `details.status`; what `host.output` throws goes through and traps the guest.
 */
export function makeMinimalWasi(
  memory: () => WebAssembly.Memory,
  host: InstanceHost,
): Readonly<Record<string, WasiFunction>> {
  const wasi = new MinimalWasi(memory, host);
  const empty: WasiFunction = (count, bytes) => wasi.store32(count, 0) || wasi.store32(bytes, 0);
  return Object.freeze({
    args_get: () => SUCCESS,
    args_sizes_get: empty,
    clock_res_get: (clock, result) => (isClock(clock) ? wasi.store64(result, CLOCK_RESOLUTION_NS) : EINVAL),
    clock_time_get: (clock, _precision, result) => wasi.time(clock, result),
    environ_get: () => SUCCESS,
    environ_sizes_get: empty,
    fd_close: (fd) => wasi.close(fd),
    fd_fdstat_get: (fd, result) => wasi.describe(fd, result),
    fd_fdstat_set_flags: (fd) => (wasi.isOpen(fd) ? SUCCESS : EBADF),
    fd_prestat_dir_name: () => EBADF,
    fd_prestat_get: () => EBADF,
    // Standard input is at its end from the start.
    fd_read: (fd, _vectors, _count, read) => (u32(fd) === 0 && wasi.isOpen(fd) ? wasi.store32(read, 0) : EBADF),
    fd_seek: (fd) => (wasi.isOpen(fd) ? ESPIPE : EBADF),
    fd_write: (fd, vectors, count, written) => wasi.write(fd, vectors, count, written),
    proc_exit: (status) => exit(u32(status)),
    random_get: (at, length) => wasi.random(at, length),
    sched_yield: () => SUCCESS,
  });
}

type Word = number | bigint | undefined;

/** Core i32 arrive signed. */
const u32 = (word: Word): number => Number(word) >>> 0;
/** Realtime or monotonic; the clocks of CPU time are none of a guest's business. */
const isClock = (clock: Word): boolean => u32(clock) <= 1;

function exit(status: number): never {
  const message = `The guest ended itself with status ${status} - see what it printed, or load a guest that returns`;
  throw new CofferdamError('GUEST_EXIT', message, { details: { status } });
}

class MinimalWasi {
  readonly #memory: () => WebAssembly.Memory;
  readonly #host: InstanceHost;
  readonly #open = new Set([0, 1, 2]);
  #latestNs = 0n;

  constructor(memory: () => WebAssembly.Memory, host: InstanceHost) {
    this.#memory = memory;
    this.#host = host;
  }

  isOpen(fd: Word): boolean {
    return this.#open.has(u32(fd));
  }

  close(fd: Word): number {
    return this.#open.delete(u32(fd)) ? SUCCESS : EBADF;
  }

  /** Never goes backwards, also when somebody sets the host's clock. */
  time(clock: Word, result: Word): number {
    if (!isClock(clock)) return EINVAL;
    const now = this.#host.nowNs();
    if (now > this.#latestNs) this.#latestNs = now;
    return this.store64(result, this.#latestNs - (this.#latestNs % CLOCK_RESOLUTION_NS));
  }

  describe(fd: Word, result: Word): number {
    if (!this.isOpen(fd)) return EBADF;
    const at = this.#range(result, FDSTAT_BYTES);
    if (at === null) return EFAULT;
    at.fill(0);
    at[0] = CHARACTER_DEVICE;
    new DataView(at.buffer, at.byteOffset).setBigUint64(8, u32(fd) === 0 ? RIGHT_READ : RIGHT_WRITE, true);
    return SUCCESS;
  }

  write(fd: Word, vectors: Word, count: Word, written: Word): number {
    const stream = u32(fd);
    if ((stream !== 1 && stream !== 2) || !this.isOpen(stream)) return EBADF;
    if (u32(count) > MAX_VECTORS) return EINVAL;
    const bytes = this.#gather(u32(vectors), u32(count));
    if (bytes === null || this.#range(written, 4) === null) return EFAULT;
    if (bytes.length > 0) this.#host.output(stream === 1 ? 'stdout' : 'stderr', bytes);
    return this.store32(written, bytes.length);
  }

  /** A copy of what the vectors name, cut off at MAX_WRITE_BYTES; null if any of them lies outside of the memory. */
  #gather(vectors: number, count: number): Uint8Array | null {
    const list = this.#range(vectors, count * 8);
    if (list === null) return null;
    const view = new DataView(list.buffer, list.byteOffset, list.byteLength);
    const parts: Uint8Array[] = [];
    let room = MAX_WRITE_BYTES;
    for (let i = 0; i < count; i++) {
      const part = this.#range(view.getUint32(i * 8, true), view.getUint32(i * 8 + 4, true));
      if (part === null) return null;
      if (room > 0) parts.push(part.subarray(0, room));
      room = Math.max(0, room - part.length);
    }
    return new Uint8Array(Buffer.concat(parts));
  }

  random(at: Word, length: Word): number {
    const to = this.#range(at, u32(length));
    if (to === null) return EFAULT;
    for (let done = 0; done < to.length; done += RANDOM_CHUNK_BYTES) {
      const chunk = new Uint8Array(Math.min(RANDOM_CHUNK_BYTES, to.length - done));
      this.#host.random(chunk);
      to.set(chunk, done);
    }
    return SUCCESS;
  }

  store32(at: Word, value: number): number {
    const to = this.#range(at, 4);
    if (to === null) return EFAULT;
    new DataView(to.buffer, to.byteOffset).setUint32(0, value, true);
    return SUCCESS;
  }

  store64(at: Word, value: bigint): number {
    const to = this.#range(at, 8);
    if (to === null) return EFAULT;
    new DataView(to.buffer, to.byteOffset).setBigUint64(0, value, true);
    return SUCCESS;
  }

  /** The bytes that a pointer and a length of the guest name, or null if they are not all in its memory. */
  #range(pointer: Word, length: number): Uint8Array | null {
    const at = u32(pointer);
    const { buffer } = this.#memory();
    return at + length <= buffer.byteLength ? new Uint8Array(buffer, at, length) : null;
  }
}
