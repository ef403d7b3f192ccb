import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { describe, expect, it } from 'vitest';
import { understandComponent } from '../../src/wasm/index.ts';
import { codeOf, errorOf } from './support/errors.ts';

/** Each rule with a component that keeps it and one that breaks it in one place. Text is only assembled, not checked. */
type Case = readonly [rule: string, kept: string, broken: string];

const LIBC = `
  (core module $libc (memory (export "m") 1)
    (func (export "r") (param i32 i32 i32 i32) (result i32) unreachable)
    (func (export "text") (param i32 i32) (result i32) unreachable)
    (func (export "post") (param i32))
    (func (export "none")))
  (core instance $i (instantiate $libc))
  (alias core export $i "m" (core memory $m))
  (alias core export $i "r" (core func $r))`;

const lift = (options: string) =>
  `${LIBC} (func (param "s" string) (result string) (canon lift (core func $i "text") ${options}))`;
const link = (given: string, asked: string) => `
  ${given}
  (component $C (import "x" ${asked}))
  (instance (instantiate $C (with "x" (func $x))))`;
const RESOURCE = '(import "r" (type $r (sub resource)))';

const CASES: Record<string, readonly Case[]> = {
  'index spaces': [
    ['types are defined before use', '(type u8) (type (list 0))', '(type (list 0)) (type u8)'],
    ['functions are', '(import "f" (func)) (core func (canon lower (func 0)))', '(core func (canon lower (func 0)))'],
    [
      'an alias leaves as many scopes as there are',
      '(type u8) (component (alias outer 1 0 (type)))',
      '(type u8) (component (alias outer 2 0 (type)))',
    ],
    [
      'an alias names an export of its sort',
      '(import "i" (instance $i (export "f" (func)))) (alias export $i "f" (func))',
      '(import "i" (instance $i (export "f" (func)))) (alias export $i "f" (instance))',
    ],
  ],
  types: [
    ['a record has fields', '(type (record (field "a" u8)))', '(type (record))'],
    ['labels are kebab-case', '(type (enum "a-b"))', '(type (enum "a_b"))'],
    ['labels are unique in any case', '(type (enum "a" "b"))', '(type (enum "a" "A"))'],
    ['there are up to 32 flags', `(type (flags ${names(32)}))`, `(type (flags ${names(33)}))`],
    ['a list of fixed length is not empty', '(type (list u8 1))', '(type (list u8 0))'],
    ['a value stays below 2^28 bytes', '(type (list u8 268435455))', '(type (list u8 268435456))'],
    ['a value type is not a function type', '(type $t u8) (type (list $t))', '(type $t (func)) (type (list $t))'],
    [
      'a function returns no borrow',
      `${RESOURCE} (type (func (param "a" (borrow $r))))`,
      `${RESOURCE} (type (func (result (borrow $r))))`,
    ],
    ['a handle is of a resource', `${RESOURCE} (type (own $r))`, '(type $t u8) (type (own $t))'],
    [
      'a resource is defined by a component',
      '(type (component (export "r" (type (sub resource)))))',
      '(type (component (type (resource (rep i32)))))',
    ],
    ['a stream carries no char', '(type (stream u8))', '(type (stream char))'],
  ],
  names: [
    ['an import has a name of the grammar', '(import "a:b/c@1.2.3" (func))', '(import "a:b/c@1.2" (func))'],
    ['imports differ', '(import "a" (func)) (import "b" (func))', '(import "a" (func)) (import "A" (func))'],
    [
      'a method has a receiver',
      `${RESOURCE} (import "[method]r.m" (func (param "self" (borrow $r))))`,
      `${RESOURCE} (import "[method]r.m" (func (param "it" (borrow $r))))`,
    ],
    [
      'of its own resource',
      `${RESOURCE} (import "[method]r.m" (func (param "self" (borrow $r))))`,
      `${RESOURCE} (import "q" (type (sub resource))) (import "[method]q.m" (func (param "self" (borrow $r))))`,
    ],
    [
      'a constructor makes its resource',
      `${RESOURCE} (import "[constructor]r" (func (result (result (own $r)))))`,
      `${RESOURCE} (import "[constructor]r" (func (result (option (own $r)))))`,
    ],
    ['a static function has a resource', `${RESOURCE} (import "[static]r.f" (func))`, '(import "[static]r.f" (func))'],
  ],
  visibility: [
    [
      'an import uses imported types',
      '(type $t (enum "a")) (import "t" (type $n (eq $t))) (import "f" (func (param "x" $n)))',
      '(type $t (enum "a")) (import "f" (func (param "x" $t)))',
    ],
    [
      'but no exported ones',
      `(type $t (enum "a")) (export $n "t" (type $t)) (type (func (param "x" $n)))`,
      `(type $t (enum "a")) (export $n "t" (type $t)) (import "f" (func (param "x" $n)))`,
    ],
    [
      'an exported type uses named types',
      '(type $t (tuple u8)) (type $l (list $t)) (export "l" (type $l))',
      '(type $t (flags "a")) (type $l (list $t)) (export "l" (type $l))',
    ],
  ],
  'outer aliases': [
    [
      'leave a component only to types without resources',
      '(type $t (list u8)) (component (alias outer 1 $t (type)))',
      `${RESOURCE} (type $t (own $r)) (component (alias outer 1 $t (type)))`,
    ],
    [
      'bound resources are none',
      '(type $t (instance (export "r" (type (sub resource))))) (component (alias outer 1 $t (type)))',
      `${RESOURCE} (type $t (instance (export "q" (type (eq $r))))) (component (alias outer 1 $t (type)))`,
    ],
  ],
  'core instances': [
    [
      'get what they import',
      '(core module $a (func (export "f"))) (core instance $i (instantiate $a)) (core module $b (import "a" "f" (func))) (core instance (instantiate $b (with "a" (instance $i))))',
      '(core module $b (import "a" "f" (func))) (core instance (instantiate $b))',
    ],
    [
      'with its signature',
      '(core module $a (func (export "f"))) (core instance $i (instantiate $a)) (core module $b (import "a" "f" (func))) (core instance (instantiate $b (with "a" (instance $i))))',
      '(core module $a (func (export "f") (param i32))) (core instance $i (instantiate $a)) (core module $b (import "a" "f" (func))) (core instance (instantiate $b (with "a" (instance $i))))',
    ],
    ['memories that are large enough', memories('(memory 2 4)', '(memory 1 5)'), memories('(memory 1)', '(memory 2)')],
    ['and small enough', memories('(memory 1 2)', '(memory 1 3)'), memories('(memory 1)', '(memory 1 3)')],
    [
      'do not import one name twice',
      '(core module (import "a" "b" (func)) (import "a" "c" (func)))',
      '(core module (import "a" "b" (func)) (import "a" "b" (func)))',
    ],
  ],
  canon: [
    [
      'a lifted function has the flattened signature',
      lift('(memory $m) (realloc $r)'),
      `${LIBC} (func (param "s" u8) (canon lift (core func $i "text")))`,
    ],
    ['strings need a memory', lift('(memory $m) (realloc $r)'), lift('')],
    ['and an allocator', lift('(memory $m) (realloc $r)'), lift('(memory $m)')],
    [
      'which needs the memory',
      lift('(memory $m) (realloc $r)'),
      `${LIBC} (func (canon lift (core func $i "none") (realloc $r)))`,
    ],
    ['and its signature', lift('(memory $m) (realloc $r)'), lift('(memory $m) (realloc (core func $i "post"))')],
    [
      'post-return takes the results',
      lift('(memory $m) (realloc $r) (post-return (core func $i "post"))'),
      lift('(memory $m) (realloc $r) (post-return (core func $i "none"))'),
    ],
    [
      'options are given once',
      lift('string-encoding=utf16 (memory $m) (realloc $r)'),
      lift('string-encoding=utf16 string-encoding=utf8 (memory $m) (realloc $r)'),
    ],
    [
      'a lowered function has no post-return',
      `${LIBC} (import "f" (func $f)) (core func (canon lower (func $f)))`,
      `${LIBC} (import "f" (func $f)) (core func (canon lower (func $f) (post-return (core func $i "none"))))`,
    ],
    [
      'resource.new is of an own resource',
      '(type $r (resource (rep i32))) (core func (canon resource.new $r))',
      `${RESOURCE} (core func (canon resource.new $r))`,
    ],
    [
      'a destructor takes the representation',
      `${LIBC} (type (resource (rep i32) (dtor (core func $i "post"))))`,
      `${LIBC} (type (resource (rep i32) (dtor (core func $i "none"))))`,
    ],
    [
      'async lifts async functions',
      `${LIBC} (func async (canon lift (core func $i "none") async))`,
      `${LIBC} (func (canon lift (core func $i "none") async))`,
    ],
  ],
  instantiation: [
    [
      'gives what is imported',
      link('(import "x" (func $x))', '(func)'),
      '(component $C (import "x" (func))) (instance (instantiate $C))',
    ],
    ['of its sort', link('(import "x" (func $x))', '(func)'), link('(import "x" (func $x))', '(instance)')],
    [
      'and type',
      link('(import "x" (func $x (param "a" u8)))', '(func (param "a" u8))'),
      link('(import "x" (func $x (param "a" u8)))', '(func (param "a" s8))'),
    ],
    [
      'with equal parameter names',
      link('(import "x" (func $x (param "a" u8)))', '(func (param "a" u8))'),
      link('(import "x" (func $x (param "a" u8)))', '(func (param "b" u8))'),
    ],
    [
      'each argument once',
      '(component $C) (import "f" (func $f)) (instance (instantiate $C (with "a" (func $f)) (with "b" (func $f))))',
      '(component $C) (import "f" (func $f)) (instance (instantiate $C (with "a" (func $f)) (with "a" (func $f))))',
    ],
    ['resources stand for themselves', resources('$a', '$a'), resources('$a', '$b')],
    ['instances make resources of their own', generative('$one'), generative('$two')],
    [
      'a component may need less',
      components('(component)', '(component (import "f" (func)))'),
      components('(component (import "f" (func)))', '(component)'),
    ],
    [
      'and give more',
      components('(component (export "f" (func)))', '(component)'),
      components('(component)', '(component (export "f" (func)))'),
    ],
    [
      'an ascribed type fits what is exported',
      '(import "f" (func $f)) (export "g" (func $f) (func))',
      '(import "f" (func $f)) (export "g" (func $f) (func (result u8)))',
    ],
  ],
};

for (const [group, cases] of Object.entries(CASES)) {
  describe(group, () => {
    it.each(cases)('%s', async (_, kept, broken) => {
      const good = await parse(`(component ${kept})`);
      const bad = await parse(`(component ${broken})`);
      expect(['none', 'WASM_UNSUPPORTED']).toContain(codeOf(() => understandComponent(good)));
      expect(codeOf(() => understandComponent(bad))).toBe('COMPONENT_INVALID');
    });
  });
}

describe('an error', () => {
  it('shows both types, where they part, and the place', async () => {
    const bytes = await parse(
      `(component ${link('(import "x" (func $x (param "a" (list (option string)))))', '(func (param "a" (list (option u8))))')})`,
    );
    const { message, details } = errorOf(() => understandComponent(bytes));
    expect(message).toContain('"a"');
    expect(message).toContain('expected `u8`, found `string`');
    expect(details).toMatchObject({ section: 'component, instance section', offset: expect.any(Number) });
  });

  it('shows hostile names harmlessly', async () => {
    const bytes = await parse(
      '(component (core module $m (import "\\1b[2J" "\\u{202e}" (func))) (core instance (instantiate $m)))',
    );
    expect(errorOf(() => understandComponent(bytes)).message).toMatch(/^[\x20-\x7e]*$/);
  });
});

function names(count: number): string {
  return Array.from({ length: count }, (_, index) => `"f${index}"`).join(' ');
}

function memories(given: string, asked: string): string {
  return `(core module $a ${given.replace('(memory', '(memory (export "m")')}) (core instance $i (instantiate $a))
    (core module $b (import "a" "m" ${asked})) (core instance (instantiate $b (with "a" (instance $i))))`;
}

/** Two imported resources; a component that takes one and a function of it. */
function resources(type: string, func: string): string {
  return `(import "a" (type $a (sub resource))) (import "b" (type $b (sub resource)))
    (import "fa" (func $fa (param "x" (own $a)))) (import "fb" (func $fb (param "x" (own $b))))
    (component $C (import "r" (type $r (sub resource))) (import "f" (func (param "x" (own $r)))))
    (instance (instantiate $C (with "r" (type ${type})) (with "f" (func ${func.replace('$', '$f')}))))`;
}

/** A component instantiated twice; a third that takes the resource of the first and a function of one of them. */
function generative(instance: string): string {
  return `(component $M (type $R (resource (rep i32))) (export $r "r" (type $R))
      (core func $drop (canon resource.drop $R)) (func (export "f") (param "x" (own $r)) (canon lift (core func $drop))))
    (instance $one (instantiate $M)) (instance $two (instantiate $M))
    (component $U (import "r" (type $r (sub resource))) (import "f" (func (param "x" (own $r)))))
    (instance (instantiate $U (with "r" (type $one "r")) (with "f" (func ${instance} "f"))))`;
}

function components(given: string, asked: string): string {
  return `(component $Outer (import "c" ${given.replace('(component', '(component $c')})
      (component $U (import "c" ${asked})) (instance (instantiate $U (with "c" (component $c)))))`;
}
