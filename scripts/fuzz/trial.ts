import { createHash } from 'node:crypto';
import type { InstanceHost } from '../../src/compartment/contract.ts';
import { makeInlineCode } from '../../src/compartment/inline.ts';
import { CofferdamError, isCofferdamError } from '../../src/error.ts';
import { writeShared } from '../../src/load/shared-json.ts';
import { toEdit } from '../../src/load/text-edit.ts';
import { memberEdits, type Understanding, understand } from '../../src/load/understand.ts';
import { readUnderstanding } from '../../src/load/understanding-shape.ts';
import {
  type NamedRange,
  onlyMember,
  orderMembers,
  planMembers,
  type ValType,
  type World,
} from '../../src/wasm/index.ts';
import { applyEdits } from '../../src/wasm/rewrite-limits.ts';
import type { Seed } from './corpus.ts';

/** Who is at work: when it takes too long, `ours` is a finding, and a guest in a loop is none. */
export const PHASES = ['idle', 'ours', 'engine', 'guest'] as const;
export type Phase = (typeof PHASES)[number];

export type Outcome = 'refused' | 'engine refused' | 'trapped' | 'ran';

const LIMITS = { memoryBytes: 4 * 1_048_576, tableEntries: 1000 };

const host: InstanceHost = {
  call: () => {
    throw new CofferdamError('FLOW_DENIED', 'The fuzzer answers nothing.');
  },
  suspending: new Set(),
  output: () => undefined,
  nowNs: () => 0n,
  random: () => undefined,
};

/** Throws when something other than one of our errors comes out: a finding. */
export async function tryOut(
  bytes: Uint8Array<ArrayBuffer>,
  { world, parts }: Pick<Seed, 'world' | 'parts'>,
  enter: (phase: Phase) => void,
): Promise<Outcome> {
  try {
    enter('ours');
    const { plan, edits } = await read(bytes, world, parts);
    // Async: jco's to run.
    if (plan === null) return 'refused';
    enter('engine');
    const ranges = plan.modules.map(({ start, end }, i) =>
      applyEdits(bytes.subarray(start, end), (edits[i] ?? []).map(toEdit)),
    );
    if (!ranges.every((module) => WebAssembly.validate(module as Uint8Array<ArrayBuffer>))) return 'engine refused';
    const modules = ranges.map((module) => new WebAssembly.Module(module as Uint8Array<ArrayBuffer>));
    enter('ours');
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const code = await makeInlineCode({ plan, bytes, sha256, modules, limits: { messageBytes: 65_536 } });
    enter('guest');
    let outcome: Outcome = 'ran';
    for (const [index, { type }] of code.world.exports.entries()) {
      try {
        code.instantiate(host).call(
          index,
          type.params.map((param) => sample(param.type)),
        );
      } catch (error) {
        assertOurs(error);
        outcome = 'trapped';
      }
    }
    return outcome;
  } catch (error) {
    assertOurs(error);
    return 'refused';
  } finally {
    enter('idle');
  }
}

/** As the parsing worker does, and through the text that the cache keeps. */
async function read(bytes: Uint8Array, world: World | null, parts: Seed['parts']): Promise<Understanding> {
  const made = world === null ? await understandComponent(bytes) : understandCore(bytes, world, parts);
  const text = writeShared(made);
  const understood = readUnderstanding(text, bytes.length);
  if (understood === null) throw new Error('what was understood is not taken back');
  return understood;
}

function understandComponent(bytes: Uint8Array): Promise<Understanding> {
  return understand({ task: 'understand', bytes, abi: 'component', wit: null, limits: LIMITS, secondOpinion: false });
}

/** Without the WIT, which is no hostile input. */
function understandCore(bytes: Uint8Array, world: World, parts: Seed['parts']): Understanding {
  // Damage moves what comes after it: the last module ends where the bytes do.
  const found = parts?.map(({ name, start, end }, i): NamedRange => {
    const isLast = i === parts.length - 1;
    return { name, start: Math.min(start, bytes.length), end: isLast ? bytes.length : Math.min(end, bytes.length) };
  });
  const members = found ? orderMembers(bytes, found, { module: 'shared', name: 'memory' }) : onlyMember(bytes);
  const set = found ? members.map(({ name, range }) => ({ name, ...range })) : null;
  const info = members.map((member) => member.info);
  const plan = planMembers(members, world);
  return { plan, world: null, transpiled: null, set, info, edits: memberEdits(members, LIMITS), rewritten: null };
}

function assertOurs(error: unknown): void {
  if (!isCofferdamError(error)) throw new Error('something else than one of our errors', { cause: error });
  if (error.code === 'INTERNAL' || error.code === 'PLAN_INVALID') throw new Error(error.message, { cause: error });
}

/** Some value of a type; for a handle none, which is refused before the guest runs. */
function sample(type: ValType): unknown {
  switch (type.kind) {
    case 'bool':
      return true;
    case 's64':
    case 'u64':
      return 7n;
    case 'char':
      return 'ü';
    case 'string':
      return 'some text';
    case 'list':
      return Array.from({ length: type.length ?? 3 }, () => sample(type.element));
    case 'record':
      return Object.fromEntries(
        type.fields.map(({ name, type: field }) => [
          name.replace(/-(.)/g, (_, c: string) => c.toUpperCase()),
          sample(field),
        ]),
      );
    case 'tuple':
      return type.elements.map(sample);
    case 'variant': {
      const [first] = type.cases;
      return { tag: first?.name, val: first?.type ? sample(first.type) : undefined };
    }
    case 'enum':
      return type.names[0];
    case 'option':
      return sample(type.some);
    case 'result':
      return { tag: 'ok', val: type.ok === null ? undefined : sample(type.ok) };
    case 'flags':
      return {};
    case 'own':
    case 'borrow':
    case 'stream':
    case 'future':
    case 'error-context':
      return undefined;
    default:
      return 7;
  }
}
