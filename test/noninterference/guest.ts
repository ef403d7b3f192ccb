import type { LabelInput } from '../../src/label/index.ts';
import {
  type CompartmentSpec,
  FUEL,
  type GateSpec,
  grantsOf,
  type Instruction,
  MAX_PAGES,
  nameOf,
  type ResourceSpec,
  type Run,
  resourceNameOf,
  valueIn,
  type Way,
  type World,
} from './world.ts';

/** The types of the functions that guests export and import, by way. */
const TYPES: Readonly<Record<Way, string>> = {
  run: 'func(hops: u32, n: u32) -> u32',
  ask: 'func(hops: u32, bytes: list<u8>) -> u32',
  take: 'func(hops: u32, bytes: list<u8>)',
  put: 'func(n: u32)',
  get: 'func(n: u32) -> u32',
};
const CORE_TYPES: Readonly<Record<Way, string>> = {
  run: '(param i32 i32) (result i32)',
  ask: '(param i32 i32 i32) (result i32)',
  take: '(param i32 i32 i32)',
  put: '(param i32)',
  get: '(param i32) (result i32)',
};

/** Which exports of a compartment somebody calls; `run` is always there, for the gate on it. */
function exportsOf({ compartments, actions }: World, index: number): ReadonlySet<Way> {
  const links = compartments.flatMap((spec) => spec.links.filter(({ way }) => way !== 'put' && way !== 'get'));
  const used = links.flatMap(({ way, to }) => (to === index ? [way] : []));
  return new Set(['run', ...used, ...actions.flatMap((a) => ('input' in a && a.to === index ? [a.act] : []))]);
}

/** A compartment's guest, as WAT and the WIT of its world. */
export function guestOf(world: World, index: number, run: Run): { readonly wat: string; readonly wit: string } {
  const spec = world.compartments[index];
  if (spec === undefined) throw new Error(`There is no compartment ${index}.`);
  const { links, program } = spec;
  const initial = valueIn(world, run, spec.base, spec.initial);
  const exported = exportsOf(world, index);
  const imports = links.map(({ way }, i) => `(import "$root" "${way}${i}" (func $${way}${i} ${CORE_TYPES[way]}))`);
  const wat = `(module
  ${imports.join('\n  ')}
  (memory (export "memory") 1)
  (global $state (mut i32) (i32.const ${initial}))
  (func $go (param $hops i32) (param $n i32) (result i32) (local $acc i32) (local $i i32)
    (local.set $acc (local.get $n))
${program.map((each) => `    ${codeOf(each, spec)}`).join('\n')}
    (local.get $acc))
  (func (export "run") (param i32 i32) (result i32) (call $go (local.get 0) (local.get 1)))
${exported.size > 1 ? LISTS : ''}${exported.has('ask') ? ASK : ''}${exported.has('take') ? TAKE : ''}\
  (func (export "peek") (result i64)
    (i64.or (i64.shl (i64.extend_i32_u (memory.size)) (i64.const 32)) (i64.extend_i32_u (global.get $state)))))`;
  const imported = links.map(({ way }, i) => `import ${way}${i}: ${TYPES[way]};`);
  const types = [...imported, ...[...exported].map((way) => `export ${way}: ${TYPES[way]};`)];
  return { wat, wit: `world guest {\n  ${types.join('\n  ')}\n  export peek: func() -> u64;\n}` };
}

/** What takes lists of bytes: `number` makes of one what the guest computes with. */
const LISTS = `  (global $top (mut i32) (i32.const 1024))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (global.get $top) (global.set $top (i32.add (global.get $top) (local.get 3))))
  (func $number (param $at i32) (param $length i32) (result i32)
    (if (result i32) (local.get $length)
      (then (i32.add (i32.mul (local.get $length) (i32.const 256)) (i32.load8_u (local.get $at)))) (else (i32.const 0))))
`;
const ASK = `  (func (export "ask") (param i32 i32 i32) (result i32)
    (call $go (local.get 0) (call $number (local.get 1) (local.get 2))))
`;
const TAKE = `  (func (export "take") (param i32 i32 i32)
    (drop (call $go (local.get 0) (call $number (local.get 1) (local.get 2)))))
`;

const ACC = '(local.get $acc)';
const setAcc = (value: string) => `(local.set $acc ${value})`;

function codeOf(instruction: Instruction, spec: CompartmentSpec): string {
  switch (instruction.op) {
    case 'set':
      return setAcc(`(i32.const ${instruction.value})`);
    case 'add':
      return setAcc(`(i32.add ${ACC} (local.get $n))`);
    case 'mix':
      return setAcc(`(i32.add (i32.mul ${ACC} (i32.const 5)) (i32.const 1))`);
    case 'keep':
      return `(global.set $state ${ACC})`;
    case 'recall':
      return setAcc(`(i32.add ${ACC} (global.get $state))`);
    case 'grow':
      return `(drop (memory.grow (i32.and ${ACC} (i32.const 1))))`;
    case 'size':
      return setAcc(`(i32.add ${ACC} (memory.size))`);
    case 'trap':
      return 'unreachable';
    case 'spin':
      return '(loop $spin (br $spin))';
    case 'if':
      return `(if (i32.and ${ACC} (i32.const 1)) (then ${bodyOf(instruction.body, spec)}))`;
    case 'repeat':
      return `(local.set $i (i32.and ${ACC} (i32.const 3)))
    (block $done (loop $again (br_if $done (i32.eqz (local.get $i))) (local.set $i (i32.sub (local.get $i) (i32.const 1)))
      ${bodyOf(instruction.body, spec)} (br $again)))`;
    case 'send':
      return sendOf(instruction.link, spec);
    case 'try':
      return `(try (do ${sendOf(instruction.link, spec)}) (catch_all ${setAcc('(i32.const 77)')}))`;
  }
}

function bodyOf(body: readonly Instruction[], spec: CompartmentSpec): string {
  return body.map((each) => codeOf(each, spec)).join(' ');
}

/** `acc`, or as many bytes as its last three bits say. */
function sendOf(link: number, { links }: CompartmentSpec): string {
  const way = links[link]?.way;
  const name = `$${way}${link}`;
  if (way === undefined) return '(nop)';
  if (way === 'put') return `(call ${name} ${ACC})`;
  if (way === 'get') return setAcc(`(call ${name} ${ACC})`);
  const hops = '(i32.sub (local.get $hops) (i32.const 1))';
  const length = `(i32.and ${ACC} (i32.const 7))`;
  const call = way === 'run' ? `(call ${name} ${hops} ${ACC})` : `(call ${name} ${hops} (i32.const 16) ${length})`;
  const fill = way === 'run' ? '' : `(memory.fill (i32.const 16) ${ACC} ${length}) `;
  return `(if (local.get $hops) (then ${fill}${way === 'take' ? call : setAcc(call)}))`;
}

function isPublic({ secrecy = [], integrity = [] }: LabelInput): boolean {
  return secrecy.length + integrity.length === 0;
}

function gateOf({ declassify, endorse, requires, calls, bytes }: GateSpec): object {
  const budget = {
    ...(calls === null ? {} : { calls: `${calls}/h` }),
    ...(bytes === null ? {} : { bytes: `${bytes}/h` }),
  };
  return {
    ...(declassify.length === 0 ? {} : { declassify }),
    ...(endorse.length === 0 ? {} : { endorse }),
    ...(requires.length === 0 ? {} : { requires: { integrity: requires } }),
    ...(Object.keys(budget).length === 0 ? {} : { budget }),
  };
}

/** The manifest of a world; `wasmOf` gives the file of a compartment's guest. */
export function manifestOf(
  world: World,
  { run, kind, wasmOf }: { run: Run; kind: string; wasmOf: (wat: string, compartment: number) => string },
): object {
  const compartments = world.compartments.map((spec, i) => {
    const { base, clearance, gate, isPerCall, hasFuel, queue } = spec;
    const grants = grantsOf(spec);
    const used = new Set(
      spec.links.flatMap(({ way, to }) => (way === 'put' || way === 'get' ? [resourceNameOf(to)] : [])),
    );
    const { wat, wit } = guestOf(world, i, run);
    const entry = {
      wasm: wasmOf(wat, i),
      abi: 'core',
      wit: { text: `package test:guest;\n${wit}`, world: 'guest' },
      ...(kind === 'inline' ? {} : { kind }),
      ...(isPublic(base) ? {} : { label: base }),
      clearance: { secrecy: [...new Set([...base.secrecy, ...clearance.secrecy])], integrity: clearance.integrity },
      ...(used.size === 0 ? {} : { resources: [...used] }),
      ...(grants.length === 0 ? {} : { grants }),
      ...(gate === null ? {} : { gates: { run: gateOf(gate) } }),
      ...(isPerCall ? { instances: 'per-call' } : {}),
      limits: { memory: `${MAX_PAGES * 64}KiB`, queue, ...(hasFuel ? { fuel: FUEL } : {}) },
    };
    return [nameOf(i), entry] as const;
  });
  const links = world.compartments.flatMap((spec, from) =>
    spec.links.map(({ way, to, gate }, i) => ({
      from: nameOf(from),
      import: `${way}${i}`,
      ...(way === 'put' || way === 'get' ? { to: resourceNameOf(to) } : { to: nameOf(to), export: way }),
      ...(way === 'put' || way === 'take' ? { post: true } : {}),
      ...(gate === null ? {} : gateOf(gate)),
    })),
  );
  const resources = world.resources.map(({ label }: ResourceSpec, i) => [
    resourceNameOf(i),
    { function: true, ...(isPublic(label) ? {} : { label }) },
  ]);
  return {
    version: 1,
    principals: { desk: {} },
    tags: { 'customer:*': { kind: 'secrecy', owner: 'desk' }, vetted: { kind: 'integrity', owner: 'desk' } },
    compartments: Object.fromEntries(compartments),
    links,
    resources: Object.fromEntries(resources),
    limits: { callDepth: world.callDepth },
  };
}
