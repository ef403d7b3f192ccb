import type { InstanceHost } from '../../src/compartment/contract.ts';
import type { InlineOptions } from '../../src/compartment/inline.ts';
import { planCore } from '../../src/wasm/index.ts';
import type { CanonOptions, CoreItem, Plan } from '../../src/wasm/plan.ts';
import type { FuncType, ResourceType, ValType, World, WorldFunction } from '../../src/wasm/types.ts';
import { flatTypes } from '../abi/reference.ts';
import { makeCode } from './kinds.ts';
import { assemble } from './support.ts';

export const func = (params: readonly ValType[], result: ValType | null = null): FuncType => ({
  params: params.map((type, i) => ({ name: `p${i}`, type })),
  result,
  async: false,
});

export const atRoot = (name: string, type: FuncType): WorldFunction => ({ interface: null, name, id: name, type });

export interface GuestWorld {
  readonly imports?: Readonly<Record<string, FuncType>>;
  readonly exports?: Readonly<Record<string, FuncType>>;
  readonly resources?: readonly ResourceType[];
}

const functions = (types: Readonly<Record<string, FuncType>> = {}) =>
  Object.entries(types).map(([name, type]) => atRoot(name, type));

/** A world of functions at world level. */
export const worldOf = ({ imports, exports, resources = [] }: GuestWorld): World => ({
  imports: functions(imports),
  exports: functions(exports),
  resources,
});

export const NO_HOST: InstanceHost = {
  call: () => undefined,
  suspending: new Set(),
  output: () => undefined,
  nowNs: () => 0n,
  random: () => undefined,
};

export const hostOf = (call: InstanceHost['call'], more: Partial<InstanceHost> = {}): InstanceHost => ({
  ...NO_HOST,
  call,
  ...more,
});

/** Code of a core module in WAT that speaks the canonical ABI by hand. */
export async function makeGuest(
  wat: string,
  world: GuestWorld,
  options: Partial<InlineOptions> & { encoding?: CanonOptions['encoding'] } = {},
) {
  const bytes = await assemble(wat);
  const plan = withEncoding(planCore(bytes, worldOf(world)), options.encoding ?? 'utf8');
  return makeCode({ plan, bytes, sha256: '', limits: { messageBytes: 1 << 20 }, ...options });
}

function withEncoding(plan: Plan, encoding: CanonOptions['encoding']): Plan {
  const change = (options: CanonOptions): CanonOptions => ({ ...options, encoding });
  const item = (value: CoreItem): CoreItem =>
    value.kind === 'lower-import' ? { ...value, options: change(value.options) } : value;
  return {
    ...plan,
    exports: plan.exports.map((lifted) => ({ ...lifted, options: change(lifted.options) })),
    instantiations: plan.instantiations.map((one) => ({
      ...one,
      args: one.args.map((arg) => ({ ...arg, value: item(arg.value) })),
    })),
  };
}

/** A bump allocator that grows the memory by a page each time, so that every view that somebody kept goes stale. */
export const ALLOCATOR = `
  (global $top (mut i32) (i32.const 4096))
  (func $realloc (export "cabi_realloc") (param $old i32) (param $oldsize i32) (param $align i32) (param $size i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and
      (i32.add (global.get $top) (i32.sub (local.get $align) (i32.const 1)))
      (i32.sub (i32.const 0) (local.get $align))))
    (global.set $top (i32.add (local.get $at) (local.get $size)))
    (drop (memory.grow (i32.const 1)))
    (block $fits (loop $more
      (br_if $fits (i32.le_u (global.get $top) (i32.mul (memory.size) (i32.const 65536))))
      (br_if $fits (i32.eq (memory.grow (i32.const 16)) (i32.const -1)))
      (br $more)))
    (local.get $at))`;

/** Where a forwarder leaves the core arguments it was called with, 8 bytes each. */
export const SEEN = 64;

/** WAT of a guest whose export `f` hands its core arguments on to its import `g`, and the answer back. */
export function forwarder({ params, result }: FuncType): string {
  const flat = params.flatMap((param) => flatTypes(param.type));
  const passed = flat.length > 16 ? ['i32'] : flat;
  const results = result === null ? [] : flatTypes(result);
  const isIndirect = results.length > 1;
  const type = (kind: string, types: readonly string[]) => (types.length > 0 ? `(${kind} ${types.join(' ')})` : '');
  const args = passed.map((_, i) => `(local.get ${i})`).join(' ');
  const store = passed.map((core, i) => `(${core}.store (i32.const ${SEEN + 8 * i}) (local.get ${i}))`).join('\n    ');
  const body = isIndirect
    ? `(local.set $out (call $realloc (i32.const 0) (i32.const 0) (i32.const 8) (i32.const 8192)))
       (call $g ${args} (local.get $out)) (local.get $out)`
    : `(call $g ${args})`;
  return `(module
  (import "$root" "g" (func $g ${type('param', isIndirect ? [...passed, 'i32'] : passed)} ${isIndirect ? '' : type('result', results)}))
  (memory (export "memory") 1)
  ${ALLOCATOR}
  (func (export "f") ${type('param', passed)} ${type('result', isIndirect ? ['i32'] : results)} ${isIndirect ? '(local $out i32)' : ''}
    ${store}
    ${body}))`;
}

/**
 * The same for many functions of one type each, all of one interface. What an earlier call left is written over from the
 * next one on, so that no reader may come too late; the memory grows for a while, so that views go stale.
 */
export function forwarders(types: readonly ValType[], interfaceId: string): string {
  const type = (kind: string, cores: readonly string[]) => (cores.length > 0 ? `(${kind} ${cores.join(' ')})` : '');
  const parts = types.map((each, i) => {
    const flat = flatTypes(each);
    const passed = flat.length > 16 ? ['i32'] : flat;
    const args = passed.map((_, at) => `(local.get ${at})`).join(' ');
    const isIndirect = flat.length > 1;
    const results = isIndirect ? '(result i32) (local $out i32)' : type('result', flat);
    return {
      imported: `(import "${interfaceId}" "pass${i}" (func $g${i} ${type('param', isIndirect ? [...passed, 'i32'] : passed)} ${isIndirect ? '' : type('result', flat)}))`,
      exported: `(func (export "${interfaceId}#pass${i}") ${type('param', passed)} ${results}
        ${isIndirect ? '(local.set $out (call $realloc (i32.const 0) (i32.const 0) (i32.const 8) (i32.const 8192)))' : ''}
        (call $g${i} ${args} ${isIndirect ? '(local.get $out)) (local.get $out' : ''})
        (global.set $isOver (i32.const 1)))`,
    };
  });
  return `(module
  ${parts.map(({ imported }) => imported).join('\n')}
  (memory (export "memory") 1)
  (global $top (mut i32) (i32.const 4096))
  (global $isOver (mut i32) (i32.const 0))
  (func $realloc (export "cabi_realloc") (param i32 i32) (param $align i32) (param $size i32) (result i32) (local $at i32)
    (if (global.get $isOver) (then (global.set $top (i32.const 4096)) (global.set $isOver (i32.const 0))))
    (local.set $at (i32.and
      (i32.add (global.get $top) (i32.sub (local.get $align) (i32.const 1)))
      (i32.sub (i32.const 0) (local.get $align))))
    (global.set $top (i32.add (local.get $at) (local.get $size)))
    (if (i32.lt_u (memory.size) (i32.const 200)) (then (drop (memory.grow (i32.const 1)))))
    (block $fits (loop $more
      (br_if $fits (i32.le_u (global.get $top) (i32.mul (memory.size) (i32.const 65536))))
      (br_if $fits (i32.eq (memory.grow (i32.const 16)) (i32.const -1)))
      (br $more)))
    (local.get $at))
  ${parts.map(({ exported }) => exported).join('\n')})`;
}
