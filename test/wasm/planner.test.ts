import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  type CoreItem,
  formatFunc,
  type Plan,
  planComponent,
  understandComponent,
  type World,
  worldOfComponent,
} from '../../src/wasm/index.ts';
import { codeOf, errorOf } from './support/errors.ts';
import {
  ASYNC_WIT,
  CANON_WAT,
  componentOfWit,
  MODULES_WAT,
  NESTED_WAT,
  RESOURCES_WIT,
  redactComponent,
  TYPES_WAT,
} from './support/seeds.ts';

const show = (world: World, side: 'imports' | 'exports') =>
  world[side].map(({ id, type }) => `${id}: ${formatFunc(type, (resource) => world.resources[resource]?.name ?? '?')}`);

/** The plan keeps its promises: every item refers to something that exists before it is needed. */
function assertWalkable(plan: Plan, bytes: Uint8Array): void {
  const made = (item: CoreItem | null, before: number): void => {
    if (item === null) return;
    if (item.kind === 'export') expect(item.instance).toBeLessThan(before);
    if (item.kind === 'lower-import') expect(plan.world.imports[item.import]).toBeDefined();
    if ('resource' in item) expect(plan.resources[item.resource]).toBeDefined();
    if ('scope' in item) expect(item.scope).toBeLessThan(plan.scopes);
    if (item.kind === 'lower-lifted') made(item.lifted.core, before);
    if ('options' in item)
      for (const key of ['memory', 'realloc', 'postReturn'] as const) made(item.options[key], before);
  };
  for (const [index, { module, args }] of plan.instantiations.entries()) {
    const range = plan.modules[module];
    expect(range).toBeDefined();
    const compiled = new WebAssembly.Module(Uint8Array.from(bytes.subarray(range?.start, range?.end)));
    expect(args.map((arg) => [arg.module, arg.name])).toEqual(
      WebAssembly.Module.imports(compiled).map((item) => [item.module, item.name]),
    );
    for (const { value } of args) made(value, index);
  }
  expect(plan.exports).toHaveLength(plan.world.exports.length);
  for (const lifted of plan.exports) {
    made(lifted.core, plan.instantiations.length);
    made(lifted.options.memory, plan.instantiations.length);
    expect(lifted.scope).toBeLessThan(plan.scopes);
  }
  expect(structuredClone(plan)).toEqual(plan);
  expect(JSON.parse(JSON.stringify(plan))).toEqual(plan);
}

describe('a real component (redact)', () => {
  let plan: Plan;
  beforeAll(() => {
    plan = planComponent(redactComponent());
  });

  it('has the world that its authors published', () => {
    // From the .wit and .d.ts files of the package.
    const entity = 'variant { email, phone-number, ip-address, credit-card-number, custom(string) }';
    expect(show(plan.world, 'imports')).toEqual([
      `arcjet:redact/custom-redact#detect-sensitive-info: func(tokens: list<string>) -> list<option<${entity}>>`,
      `arcjet:redact/custom-redact#redact-sensitive-info: func(entity-type: ${entity}, plaintext: string) -> option<string>`,
    ]);
    expect(show(plan.world, 'exports')).toHaveLength(1);
    expect(show(plan.world, 'exports')[0]).toMatch(
      /^redact: func\(content: string, options: record \{ entities: option</,
    );
  });

  it('is one module between a shim and a fix-up', () => {
    expect(plan.instantiations).toHaveLength(3);
    expect(plan.scopes).toBe(1);
    expect(plan.initialize).toEqual([]);
    assertWalkable(plan, redactComponent());
  });
});

describe('a world with resources', () => {
  let bytes: Uint8Array;
  let plan: Plan;
  beforeAll(async () => {
    bytes = await componentOfWit(RESOURCES_WIT, 'kit');
    plan = planComponent(bytes);
  });

  it('numbers each resource once, however often it is used', () => {
    expect(plan.world.resources).toEqual([
      { name: 'conn', interface: 'test:kit/types@1.2.3', side: 'import' },
      { name: 'conn', interface: 'test:kit/types@1.2.3', side: 'export' },
    ]);
    const take = plan.world.exports.find((item) => item.id === 'test:kit/user@1.2.3#take');
    expect(take?.type.params[0]?.type).toEqual({ kind: 'own', resource: 1 });
    const send = plan.world.imports.find((item) => item.name === '[method]conn.send');
    expect(send?.type.params[0]).toEqual({ name: 'self', type: { kind: 'borrow', resource: 0 } });
  });

  it('has the functions of WIT, in order', () => {
    expect(show(plan.world, 'imports')).toContain('log: func(line: string)');
    expect(show(plan.world, 'imports')).toContain('extra#ping: func(c: char) -> bool');
    expect(show(plan.world, 'exports')).toContain(
      'test:kit/types@1.2.3#locate: func(c: borrow<conn>, p: record { x: f32, y: f64 }) -> tuple<record { x: f32, y: f64 }, flags { read, write, run }, enum { left, right }>',
    );
    expect(show(plan.world, 'exports')).toContain(
      'run: func(a: option<u8>, b: result, c: result<_, string>) -> list<string>',
    );
  });

  it('says who implements a resource, and how it ends', () => {
    expect(plan.resources[0]).toEqual({ kind: 'imported' });
    expect(plan.resources[1]).toMatchObject({ kind: 'defined', dtor: { kind: 'export' }, scope: 0 });
    assertWalkable(plan, bytes);
  });
});

describe('a component that exports an interface', () => {
  it('has one scope: what its toolchain puts around the interface lifts nothing itself', async () => {
    const bytes = await componentOfWit(
      'package test:kit; interface ops { twice: func(n: u32) -> u32; } world kit { export ops; }',
      'kit',
    );
    expect(planComponent(bytes).scopes).toBe(1);
  });
});

describe('components inside a component', () => {
  let bytes: Uint8Array;
  let plan: Plan;
  beforeAll(async () => {
    bytes = await parse(NESTED_WAT);
    plan = planComponent(bytes);
  });

  it('become instantiations and scopes', () => {
    expect(plan.scopes).toBe(3);
    // The shared module and two that are called $M.
    expect(plan.modules).toHaveLength(3);
    expect(plan.instantiations).toHaveLength(3);
    assertWalkable(plan, bytes);
  });

  it('are linked by lowering what was lifted', () => {
    const user = plan.instantiations.find(({ args }) => args.length === 4);
    const [make, get, drop, shared] = user?.args.map((arg) => arg.value) ?? [];
    expect(make).toMatchObject({
      kind: 'lower-lifted',
      scope: 2,
      lifted: { scope: 1, core: { kind: 'export', name: 'make' } },
    });
    expect(get).toMatchObject({ kind: 'lower-lifted', lifted: { core: { name: 'get' } } });
    expect(drop).toEqual({ kind: 'resource-drop', resource: 0, scope: 2 });
    expect(shared).toMatchObject({ kind: 'export', name: 'f' });
  });

  it('keep a resource to themselves that the outside does not see', () => {
    expect(plan.world.resources).toEqual([]);
    expect(plan.resources).toEqual([{ kind: 'defined', dtor: null, scope: 1 }]);
    expect(show(plan.world, 'exports')).toEqual(['api#run: func(p: record { x: u32, y: u32 }) -> u32']);
  });

  it('get resources of their own with each instance', async () => {
    const twice = await parse(`(component
      (component $M
        (type $r (resource (rep i32))) (export $e "r" (type $r))
        (core func $new (canon resource.new $r)) (func (export "[constructor]r") (param "n" u32) (result (own $e)) (canon lift (core func $new))))
      (instance $a (instantiate $M)) (instance $b (instantiate $M))
      (export "a" (instance $a)) (export "b" (instance $b)))`);
    const { world, resources } = planComponent(twice);
    expect(world.resources.map((item) => item.interface)).toEqual(['a', 'b']);
    expect(resources).toEqual([
      { kind: 'defined', dtor: null, scope: 1 },
      { kind: 'defined', dtor: null, scope: 2 },
    ]);
    expect(world.exports.map(({ type }) => type.result)).toEqual([
      { kind: 'own', resource: 0 },
      { kind: 'own', resource: 1 },
    ]);
  });
});

describe('canonical options', () => {
  it('are carried with what they refer to', async () => {
    const bytes = await parse(CANON_WAT);
    const plan = planComponent(bytes);
    const memory = { kind: 'export', instance: 0, name: 'mem' };
    const realloc = { kind: 'export', instance: 0, name: 'realloc' };
    const lowered = plan.instantiations[1]?.args.map((arg) => arg.value);
    expect(lowered?.map((item) => 'options' in item && item.options.encoding)).toEqual(['utf8', 'utf16', 'utf8']);
    expect(lowered?.[2]).toMatchObject({ import: 1, options: { memory, realloc: null } });
    expect(plan.exports[0]?.options).toEqual({
      encoding: 'latin1+utf16',
      memory,
      realloc,
      postReturn: { kind: 'export', instance: 1, name: 'text-post' },
    });
    expect(plan.exports[1]?.options).toEqual({ encoding: 'utf8', memory: null, realloc: null, postReturn: null });
    assertWalkable(plan, bytes);
  });

  it('and core modules share what core modules can share', async () => {
    const bytes = await parse(MODULES_WAT);
    const plan = planComponent(bytes);
    expect(plan.instantiations[1]?.args.every((arg) => arg.value.kind === 'export' && arg.value.instance === 0)).toBe(
      true,
    );
    assertWalkable(plan, bytes);
  });
});

describe('what cannot be run', () => {
  it('because it needs async, is understood and refused by that name', async () => {
    const bytes = await componentOfWit(ASYNC_WIT, 'waits');
    const { features, plan } = understandComponent(bytes);
    expect([...features]).toEqual(['async']);
    expect(show(plan.world, 'imports')).toEqual(['test:waits/feed#next: async func() -> option<string>']);
    expect(show(worldOfComponent(bytes), 'exports')).toEqual(['run: async func(input: stream<u8>) -> future<string>']);
    expect(errorOf(() => planComponent(bytes))).toMatchObject({
      code: 'WASM_UNSUPPORTED',
      details: { feature: 'async' },
    });
  });

  it.each([
    ['values', '(import "v" (value u8))'],
    ['map', '(type (map string u8))'],
    ['component-imports', '(import "c" (component))'],
    ['component-imports', '(import "m" (core module))'],
    ['component-exports', '(component $c) (export "c" (component $c))'],
    ['nested-instances', '(import "i" (instance (export "j" (instance))))'],
    ['re-exports', '(import "f" (func $f)) (export "g" (func $f))'],
    ['memory64', '(type (resource (rep i64)))'],
    ['threads', '(core func (canon thread.index))'],
    ['error-context', '(core func (canon error-context.drop))'],
  ])('because of %s: %s', async (feature, text) => {
    const bytes = await parse(`(component ${text})`);
    expect(errorOf(() => planComponent(bytes))).toMatchObject({ code: 'WASM_UNSUPPORTED', details: { feature } });
  });

  it('because it is a core module', async () => {
    const bytes = await parse('(module)');
    expect(codeOf(() => planComponent(bytes))).toBe('WASM_KIND');
  });
});

describe('types of every kind', () => {
  it('come through whole', async () => {
    const world = worldOfComponent(await parse(TYPES_WAT));
    const [f] = show(world, 'imports');
    const rec = 'record { a: u8, b: string, c: f64 }';
    const variant = `variant { none, one(${rec}), two(list<u64>) }`;
    expect(f).toBe(
      `f: func(all: tuple<bool, s8, u8, s16, u16, s32, u32, s64, u64, f32, f64, char, string, option<${rec}>, result<${variant}, enum { a, b, c-D }>, list<flags { x, y, z }>>, r: borrow<res>) -> res`,
    );
    expect(world.resources.map(({ name, interface: owner }) => [name, owner])).toEqual([
      ['res', null],
      ['res', 'test:pkg/iface@0.1.0'],
    ]);
  });
});
