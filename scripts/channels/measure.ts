import { Lab } from '../../src/suite/lab.ts';
import { capacityOf, type Sample } from './capacity.ts';
import type { Channel, Setting } from './channel.ts';

export type Kind = 'inline' | 'worker' | 'process';

/** One row of the table; rates in bits per second. */
export interface Measured {
  readonly number: number;
  readonly channel: string;
  readonly setting: string;
  readonly isMitigated: boolean;
  readonly kind: Kind;
  readonly bitsPerSecond: number;
  /** Ends of the 95 % interval. */
  readonly low: number;
  readonly high: number;
  readonly symbols: number;
  readonly symbolsPerSecond: number;
}

export interface Options {
  readonly kind: Kind;
  /** Of one setting, without what is taken to find the best effort. */
  readonly seconds: number;
  readonly seed: number;
  /** At most; for those who want the same number each time. */
  readonly rounds?: number;
}

const PILOT_ROUNDS = 60;
const WARM_UP_ROUNDS = 20;
const MAX_ROUNDS = 100_000;

/** Sends random bits through one channel as one setting lets it. */
export async function measure(channel: Channel, setting: Setting, options: Options): Promise<Measured> {
  const effort = await bestEffort(setting, options);
  const { uses = MAX_ROUNDS, seconds: perSeconds = null } = setting.budget ?? {};
  const rounds = Math.min(options.rounds ?? MAX_ROUNDS, uses);
  const { samples, seconds } = await send(setting, effort, { ...options, rounds });
  const capacity = capacityOf(samples);
  const rate = perSeconds === null ? samples.length / seconds : uses / perSeconds;
  return {
    number: channel.number,
    channel: channel.name,
    setting: setting.name,
    isMitigated: setting.isMitigated,
    kind: options.kind,
    bitsPerSecond: capacity.estimate * rate,
    low: capacity.low * rate,
    high: capacity.high * rate,
    symbols: samples.length,
    symbolsPerSecond: rate,
  };
}

/** The effort that gets most bits through in a second, by a short trial of each. */
async function bestEffort(setting: Setting, options: Options): Promise<number> {
  let best = { effort: setting.efforts[0] ?? 1, rate: -1 };
  if (setting.efforts.length === 1) return best.effort;
  for (const effort of setting.efforts) {
    const { samples, seconds } = await send(setting, effort, { ...options, seconds: 2, rounds: PILOT_ROUNDS });
    const rate = (capacityOf(samples).estimate * samples.length) / seconds;
    if (rate > best.rate) best = { effort, rate };
  }
  return best.effort;
}

async function send(setting: Setting, effort: number, { kind, seconds, seed, rounds = MAX_ROUNDS }: Options) {
  await using lab = new Lab({ kind });
  await using line = await setting.open(lab, effort);
  const random = bits(seed);
  if (setting.budget === undefined) for (let i = 0; i < WARM_UP_ROUNDS; i++) await line.send(random());
  const samples: Sample[] = [];
  const startedAt = performance.now();
  while (samples.length < rounds && performance.now() - startedAt < seconds * 1000) {
    const bit = random();
    samples.push({ bit, seen: await line.send(bit) });
  }
  return { samples, seconds: (performance.now() - startedAt) / 1000 };
}

/** Source of the generator: G. Marsaglia, Xorshift RNGs, 2003. */
function bits(seed: number): () => 0 | 1 {
  let state = (seed | 0) ^ 0x9e3779b9 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state & 0x10000 ? 1 : 0;
  };
}
