import { type MessagePort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { INTERRUPT_WORDS, TICKS_PER_MS } from './interrupts.ts';
import { systemTick, type WatchdogMessage } from './watchdog.ts';

// The watchdog's thread: looks at all interrupt memories of the process, and tells what is past its tick to stop. It never
// goes back to its event loop: between two looks it waits for the bell.

/** Half a millisecond late at most, for a few hundredths of a core while guests run. */
const LOOK_MS = 0.5;
/** It goes to sleep after so long without anything to watch. */
const QUIET_TICKS = 100 * TICKS_PER_MS;
/** A bell that was rung just when it fell asleep may go unheard; nothing else depends on waking by itself. */
const NAP_MS = 1000;
/**
 * The most that the clock is moved at a look. Where this thread is not let run for longer, what began meanwhile computed
 * its tick from a clock that was behind: it would be stopped early.
 */
const LARGEST_STEP_TICKS = 4 * TICKS_PER_MS;

const { bell, port } = workerData as { bell: Int32Array; port: MessagePort };
/** By the number of their thread. */
const watched = new Map<number, Int32Array<SharedArrayBuffer>>();
let isOver = false;

function takeMessages(): void {
  for (let message = receiveMessageOnPort(port); message; message = receiveMessageOnPort(port)) {
    const { watch, forget, end } = message.message as WatchdogMessage;
    if (watch) watched.set(watch.id, new Int32Array(watch.memory));
    if (forget !== undefined) watched.delete(forget);
    if (end) isOver = true;
  }
}

/** Did anything run? */
function look(passedTicks: number): boolean {
  let isActive = false;
  for (const words of watched.values()) {
    const running = Atomics.load(words, INTERRUPT_WORDS.RUN);
    if (running > 0) isActive = true;
    const tick = (Atomics.load(words, INTERRUPT_WORDS.TICK) + passedTicks) | 0;
    Atomics.store(words, INTERRUPT_WORDS.TICK, tick);
    if (running > 0 && isPast(words, tick) && isStill(words, running, tick)) {
      Atomics.compareExchange(words, INTERRUPT_WORDS.RUN, running, -running);
    }
  }
  return isActive;
}

function isPast(words: Int32Array, tick: number): boolean {
  return ((tick - Atomics.load(words, INTERRUPT_WORDS.DEADLINE)) | 0) >= 0;
}

/** A second look: on some processors the two words of something that just begins arrive in either order. */
function isStill(words: Int32Array, running: number, tick: number): boolean {
  Atomics.wait(bell, 1, 0, 0.02); // nobody rings there
  return Atomics.load(words, INTERRUPT_WORDS.RUN) === running && isPast(words, tick);
}

function setAsleep(asleep: 0 | 1): void {
  for (const words of watched.values()) Atomics.store(words, INTERRUPT_WORDS.ASLEEP, asleep);
}

/** Where the clock goes on: what began while this thread slept has written down when. */
function lastRung(): number {
  let latest: number | null = null;
  for (const words of watched.values()) {
    const woken = Atomics.load(words, INTERRUPT_WORDS.WOKEN);
    if (latest === null || ((woken - latest) | 0) > 0) latest = woken;
  }
  return latest ?? systemTick();
}

function isAnythingRunning(): boolean {
  for (const words of watched.values()) if (Atomics.load(words, INTERRUPT_WORDS.RUN) > 0) return true;
  return false;
}

/** Until the bell is rung, or something is found to run. */
function sleep(rung: number): void {
  setAsleep(1);
  // Long enough for what another processor wrote before it saw this to be seen here.
  for (let ms = 2 * LOOK_MS; ; ms = NAP_MS) {
    if (Atomics.wait(bell, 0, rung, ms) !== 'timed-out' || isAnythingRunning()) return;
  }
}

function watch(): void {
  let last = lastRung();
  let isAwaking = true;
  let quiet = 0;
  while (!isOver) {
    const rung = Atomics.load(bell, 0);
    takeMessages();
    if (quiet >= QUIET_TICKS) {
      sleep(rung);
      last = lastRung();
      isAwaking = true;
      quiet = 0;
    }
    setAsleep(0);
    const now = systemTick();
    const passed = Math.min(Math.max((now - last) | 0, 0), isAwaking ? 0x7fff_ffff : LARGEST_STEP_TICKS);
    last = now;
    isAwaking = false;
    quiet = look(passed) ? 0 : quiet + passed;
    Atomics.wait(bell, 0, Atomics.load(bell, 0), LOOK_MS);
  }
}

takeMessages();
watch();
port.close();
