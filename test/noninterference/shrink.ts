import { type CompartmentSpec, type Instruction, type LinkSpec, type PUBLIC, sizeOf, type World } from './world.ts';

/*
 * Makes a world smaller while it still fails, one step at a time, the large steps first. A step that leaves something
 * dangling (a link to a compartment that is gone) takes that away as well, so every world on the way is one that a host
 * takes.
 */

/** Tries at most so many worlds. Each step that helps starts over, so the last one found cannot be made smaller by one step. */
export async function shrink(
  world: World,
  fails: (world: World) => boolean | Promise<boolean>,
  maxTries = 2_000,
): Promise<World> {
  let smallest = world;
  let tries = 0;
  for (let isSmaller = true; isSmaller; ) {
    isSmaller = false;
    for (const candidate of simplerThan(smallest)) {
      if (tries >= maxTries) return smallest;
      tries += 1;
      if (!(await fails(candidate))) continue;
      smallest = candidate;
      isSmaller = true;
      break;
    }
  }
  return smallest;
}

function* simplerThan(world: World): Generator<World> {
  const { compartments, resources, actions, observer } = world;
  for (const i of compartments.keys()) if (compartments.length > 1) yield withoutCompartment(world, i);
  for (const i of actions.keys()) if (actions.length > 1) yield { ...world, actions: without(actions, i) };
  for (const i of resources.keys()) if (resources.length > 1) yield withoutResource(world, i);
  for (const [i, spec] of compartments.entries()) {
    for (const simpler of simplerCompartments(spec)) yield { ...world, compartments: compartments.with(i, simpler) };
  }
  for (const [i, { label, content }] of resources.entries()) {
    for (const simpler of simplerLabels(label)) {
      yield { ...world, resources: resources.with(i, { label: simpler, content }) };
    }
    for (const simpler of simplerPairs(content)) {
      yield { ...world, resources: resources.with(i, { label, content: simpler }) };
    }
  }
  for (const [i, action] of actions.entries()) {
    if (!('input' in action)) continue;
    const put = (changes: object): World => ({ ...world, actions: actions.with(i, { ...action, ...changes }) });
    if (action.act !== 'run') yield put({ act: 'run' });
    if (!action.isDrained) yield put({ isDrained: true });
    for (const label of simplerLabels(action.label)) yield put({ label });
    for (const input of simplerPairs(action.input)) yield put({ input });
  }
  for (const simpler of simplerLabels(observer)) yield { ...world, observer: simpler };
  if (world.callDepth !== 8) yield { ...world, callDepth: 8 };
}

function* simplerCompartments(spec: CompartmentSpec): Generator<CompartmentSpec> {
  const { links, program, base, clearance, initial } = spec;
  for (const i of links.keys()) yield withoutLinks(spec, (_, index) => index !== i);
  for (const simpler of simplerPrograms(program)) yield { ...spec, program: simpler };
  if (spec.gate !== null) yield { ...spec, gate: null };
  for (const [i, link] of links.entries()) {
    const put = (changes: Partial<LinkSpec>) => ({ ...spec, links: links.with(i, { ...link, ...changes }) });
    if (link.gate === null) continue;
    yield put({ gate: null });
    const { calls, bytes, requires, endorse, declassify } = link.gate;
    if (calls !== null) yield put({ gate: { ...link.gate, calls: null } });
    if (bytes !== null) yield put({ gate: { ...link.gate, bytes: null } });
    if (requires.length > 0) yield put({ gate: { ...link.gate, requires: [] } });
    if (endorse.length > 0 && declassify.length > 0) yield put({ gate: { ...link.gate, endorse: [] } });
  }
  if (spec.grants.length > 0) yield { ...spec, grants: [] };
  if (spec.isPerCall) yield { ...spec, isPerCall: false };
  if (spec.queue !== 8) yield { ...spec, queue: 8 };
  if (spec.hasFuel && !JSON.stringify(program).includes('spin')) yield { ...spec, hasFuel: false };
  for (const simpler of simplerLabels(base)) yield { ...spec, base: simpler };
  for (const simpler of simplerLabels(clearance)) yield { ...spec, clearance: simpler };
  for (const simpler of simplerPairs(initial)) yield { ...spec, initial: simpler };
}

function* simplerPrograms(program: readonly Instruction[]): Generator<readonly Instruction[]> {
  for (const i of program.keys()) if (program.length > 1) yield without(program, i);
  for (const [i, instruction] of program.entries()) {
    if ('body' in instruction) {
      yield program.toSpliced(i, 1, ...instruction.body);
      for (const body of simplerPrograms(instruction.body)) yield program.with(i, { ...instruction, body });
    }
    if (instruction.op === 'try') yield program.with(i, { ...instruction, op: 'send' });
    if (instruction.op === 'spin') yield program.with(i, { op: 'trap' });
  }
}

function* simplerLabels(label: typeof PUBLIC): Generator<typeof PUBLIC> {
  const { secrecy, integrity } = label;
  if (secrecy.length > 0) yield { ...label, secrecy: secrecy.length > 1 ? secrecy.slice(0, 1) : [] };
  if (integrity.length > 0) yield { ...label, integrity: [] };
}

function* simplerPairs([one, other]: readonly [number, number]): Generator<readonly [number, number]> {
  if (one !== 0 || other !== 0) yield [0, 0];
  if (one > 1 || other > 1) yield [0, 1];
  if (one > 1) yield [1, other];
  if (other > 1) yield [one, 1];
  // A number that has to be large enough.
  if (one > 2) yield [one - 1, other];
  if (other > 2) yield [one, other - 1];
}

function without<T>(items: readonly T[], i: number): readonly T[] {
  return items.toSpliced(i, 1);
}

const shifted = (index: number, gone: number) => (index > gone ? index - 1 : index);
const isToResource = ({ way }: LinkSpec) => way === 'put' || way === 'get';

function withoutCompartment(world: World, gone: number): World {
  return {
    ...world,
    compartments: without(world.compartments, gone).map((spec) => {
      const kept = withoutLinks(spec, (link) => isToResource(link) || link.to !== gone);
      const links = kept.links.map((link) => (isToResource(link) ? link : { ...link, to: shifted(link.to, gone) }));
      return { ...kept, links };
    }),
    actions: world.actions.flatMap((action) => {
      const giver = action.act === 'delegate' ? Number(action.by.slice(1)) : -1;
      if (action.to === gone || giver === gone) return [];
      const to = shifted(action.to, gone);
      return [action.act === 'delegate' ? { ...action, to, by: `c${shifted(giver, gone)}` } : { ...action, to }];
    }),
  };
}

function withoutResource(world: World, gone: number): World {
  return {
    ...world,
    resources: without(world.resources, gone),
    compartments: world.compartments.map((spec) => {
      const kept = withoutLinks(spec, (link) => !isToResource(link) || link.to !== gone);
      const links = kept.links.map((link) => (isToResource(link) ? { ...link, to: shifted(link.to, gone) } : link));
      return { ...kept, links };
    }),
  };
}

/** The instructions that used a link go with it. */
function withoutLinks(spec: CompartmentSpec, isKept: (link: LinkSpec, i: number) => boolean): CompartmentSpec {
  const numbers = new Map<number, number>();
  for (const [i, link] of spec.links.entries()) if (isKept(link, i)) numbers.set(i, numbers.size);
  const inProgram = (program: readonly Instruction[]): Instruction[] =>
    program.flatMap((instruction): Instruction[] => {
      if ('body' in instruction) return [{ ...instruction, body: inProgram(instruction.body) }];
      if (!('link' in instruction)) return [instruction];
      const link = numbers.get(instruction.link);
      return link === undefined ? [] : [{ ...instruction, link }];
    });
  return { ...spec, links: spec.links.filter(isKept), program: inProgram(spec.program) };
}

/** For messages: how large it was, and is. */
export function sizesOf(before: World, after: World): string {
  return `made smaller: from ${sizeOf(before)} parts to ${sizeOf(after)}`;
}
