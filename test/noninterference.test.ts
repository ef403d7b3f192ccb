import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isCofferdamError, type Label } from '../src/index.ts';
import { type Arena, makeHost } from './arena.ts';

/*
 * Noninterference on real instances: two runs whose inputs differ only in what an observer may not learn look the same to
 * it. Every compartment runs one module, an interpreter: its program comes with each message, four bits an instruction,
 * and is as secret as the message. So thousands of guests need no compiling.
 */

const SEED = Number(process.env.NONINTERFERENCE_SEED ?? Date.now() % 2 ** 31);
const PAIRS = 600;

/** Instructions, by number. `acc` is what the program computes; `state` is what the instance remembers between calls. */
const OPS = [
  'return',
  '(local.set $acc (i32.add (local.get $acc) (local.get $n)))',
  '(global.set $state (local.get $acc))',
  '(local.set $acc (i32.add (local.get $acc) (global.get $state)))',
  // Branches on data: skips an instruction.
  '(if (i32.and (local.get $acc) (i32.const 1)) (then (local.set $code (i64.shr_u (local.get $code) (i64.const 4)))))',
  '(local.set $acc (call $next (local.get $code) (local.get $acc)))',
  '(call $send (local.get $code) (local.get $acc))',
  '(call $low (local.get $acc))',
  '(call $high (local.get $acc))',
  'unreachable',
  '(local.set $acc (i32.add (i32.mul (local.get $acc) (i32.const 5)) (i32.const 1)))',
  '(try (do (local.set $acc (call $next (local.get $code) (local.get $acc)))) (catch_all (local.set $acc (i32.const 77))))',
  '(drop (memory.grow (i32.and (local.get $acc) (i32.const 1))))',
  '(local.set $acc (i32.add (local.get $acc) (memory.size)))',
  '(i32.store (i32.mul (local.get $acc) (i32.const 4096)) (local.get $n))',
  '(local.set $acc (i32.load (i32.const 4096)))',
];
const cases = OPS.map((op) => (op === 'return' ? '(return (local.get $acc))' : `${op} (br $again)`));
const INTERPRETER = `(module
  (import "$root" "next" (func $next (param i64 i32) (result i32))) (import "$root" "send" (func $send (param i64 i32)))
  (import "$root" "low" (func $low (param i32))) (import "$root" "high" (func $high (param i32)))
  (memory (export "memory") 1) (global $state (mut i32) (i32.const 0))
  (func $run (export "run") (param $code i64) (param $n i32) (result i32) (local $acc i32) (local $op i32)
    (loop $again (result i32)
      (local.set $op (i32.and (i32.wrap_i64 (local.get $code)) (i32.const 15)))
      (local.set $code (i64.shr_u (local.get $code) (i64.const 4)))
      ${OPS.map((_, i) => `(block $op${OPS.length - 1 - i}`).join(' ')}
        (br_table ${OPS.map((_, i) => `$op${i}`).join(' ')} (local.get $op))
      ${cases.map((body) => `) ${body}`).join('\n      ')}
      unreachable))
  (func (export "take") (param i64 i32) (drop (call $run (local.get 0) (local.get 1)))))`;
const WIT = `world guest {
  import next: func(code: u64, n: u32) -> u32; import send: func(code: u64, n: u32); import low: func(n: u32); import high: func(n: u32);
  export run: func(code: u64, n: u32) -> u32; export take: func(code: u64, n: u32); }`;

const LABELS = {
  public: { secrecy: [] },
  acme: { secrecy: ['customer:acme'] },
  globex: { secrecy: ['customer:globex'] },
} as const;
type LabelName = keyof typeof LABELS;
const NODES = ['one', 'two', 'three'] as const;

interface Node {
  readonly isCleared: boolean;
  readonly base: LabelName;
  readonly next: (typeof NODES)[number];
  readonly send: (typeof NODES)[number];
  readonly isPerCall: boolean;
}
interface Input {
  readonly code: bigint;
  readonly n: number;
}
/** What the program does: the same in both runs, but for inputs that the observer may not learn. */
interface Action {
  readonly to: (typeof NODES)[number];
  readonly kind: 'call' | 'post';
  readonly label: LabelName;
  readonly isDrained: boolean;
  readonly inputs: readonly [Input, Input];
}
interface World {
  readonly nodes: readonly Node[];
  readonly actions: readonly Action[];
  readonly observer: 'public' | 'acme';
}

const anyNode: fc.Arbitrary<Node> = fc.record({
  isCleared: fc.boolean(),
  base: fc.constantFrom<LabelName>('public', 'public', 'acme'),
  next: fc.constantFrom(...NODES),
  send: fc.constantFrom(...NODES),
  isPerCall: fc.boolean(),
});
const anyInput: fc.Arbitrary<Input> = fc.record({
  code: fc
    .array(fc.integer({ min: 0, max: OPS.length - 1 }), { maxLength: 8 })
    .map((ops) => ops.reduceRight((code, op) => (code << 4n) | BigInt(op), 0n)),
  n: fc.integer({ min: 0, max: 7 }),
});
const anyAction: fc.Arbitrary<Action> = fc.record({
  to: fc.constantFrom(...NODES),
  kind: fc.constantFrom('call', 'call', 'post'),
  label: fc.constantFrom<LabelName>('public', 'acme', 'globex'),
  isDrained: fc.boolean(),
  inputs: fc.tuple(anyInput, anyInput),
});
const anyWorld: fc.Arbitrary<World> = fc.record({
  nodes: fc.array(anyNode, { minLength: NODES.length, maxLength: NODES.length }),
  actions: fc.array(anyAction, { minLength: 2, maxLength: 10 }),
  observer: fc.constantFrom('public', 'acme'),
});

function arenaOf({ nodes }: World, release: object): Arena {
  const compartments = NODES.map((name, i) => {
    const { isCleared, base, isPerCall } = nodes[i] as Node;
    const clearance = { secrecy: isCleared ? ['customer:*'] : LABELS[base].secrecy };
    const rest = { label: LABELS[base], clearance, instances: isPerCall ? 'per-call' : 'per-label', ...release };
    return [name, { wat: INTERPRETER, wit: WIT, resources: ['low', 'high'], limits: { queue: 1 }, ...rest }] as const;
  });
  const links = NODES.flatMap((from, i) => {
    const { next, send } = nodes[i] as Node;
    const low = { from, import: 'low', to: 'low', post: true };
    return [
      { from, import: 'next', to: next, export: 'run' },
      { from, import: 'send', to: send, export: 'take', post: true },
      'grants' in release ? { ...low, declassify: ['customer:*'] } : low,
      { from, import: 'high', to: 'high', post: true },
    ];
  });
  const resources = { low: { function: true }, high: { function: true, label: LABELS.acme } };
  return { compartments: Object.fromEntries(compartments), links, resources, limits: { callDepth: 6 } };
}

const canSee = (observer: LabelName, { secrecy }: Pick<Label, 'secrecy'>) =>
  secrecy.every((tag) => (LABELS[observer].secrecy as readonly string[]).includes(tag));

/** All that the observer gets in run 0 or 1 of a world. */
async function observe(world: World, run: 0 | 1, release: object): Promise<readonly string[]> {
  const { observer, actions } = world;
  const seen: string[] = [];
  const sink = (name: string, label: LabelName) => (n: unknown) => {
    if (canSee(observer, LABELS[label])) seen.push(`${name} got ${n}`);
  };
  const host = await makeHost(arenaOf(world, release), {
    resources: { low: sink('low', 'public'), high: sink('high', 'acme') },
  });
  for (const [i, { to, kind, label, isDrained, inputs }] of actions.entries()) {
    const options = { label: LABELS[label] };
    const { code, n } = inputs[canSee(observer, LABELS[label]) ? 0 : run];
    try {
      if (kind === 'post') await host.post(`${to}.take`, [code, n], options);
      else {
        const reply = await host.call(`${to}.run`, [code, n], options);
        if (canSee(observer, reply.label)) seen.push(`${i}: ${reply.value}`);
      }
    } catch (error) {
      if (!isCofferdamError(error)) throw error;
      expect(error.code).not.toBe('INTERNAL');
      // What depends on more than the manifest and the message's label comes with a label of its own.
      const of = (error.details.label as Label | undefined) ?? LABELS[label];
      if (canSee(observer, of)) seen.push(`${i}: ${error.code}`);
    }
    if (isDrained) await host.drained();
  }
  await host.drained();
  await host.close();
  return seen;
}

const parameters = { seed: SEED, numRuns: PAIRS, endOnFailure: false };

describe('two runs that differ in what an observer may not learn', () => {
  it('look the same to it', { timeout: 60_000 }, async () => {
    console.log(`NONINTERFERENCE_SEED=${SEED}`);
    let observations = 0;
    await fc.assert(
      fc.asyncProperty(anyWorld, async (world) => {
        const [one, other] = [await observe(world, 0, {}), await observe(world, 1, {})];
        observations += one.length;
        expect(other).toEqual(one);
      }),
      parameters,
    );
    expect(observations).toBeGreaterThan(PAIRS); // they were not blind
  });

  it('look different where there is a gate: the test would see a leak', { timeout: 60_000 }, async () => {
    const release = { grants: ['customer:*-'] };
    const leaky = fc.asyncProperty(anyWorld, async (world) => {
      expect(await observe(world, 1, release)).toEqual(await observe(world, 0, release));
    });
    const { failed } = await fc.check(leaky, { ...parameters, endOnFailure: true });
    expect(failed).toBe(true);
  });
});
