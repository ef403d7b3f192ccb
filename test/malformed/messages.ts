import type { CallOptions } from '../../src/index.ts';
import type { Case, Place } from './case.ts';

const nobody = { label: {} };
const given = (what: string, name: string, value: unknown, code: Case[1] = 'ARGUMENT_TYPE'): Case => [
  `an argument: ${what}`,
  code,
  ({ host }) => host.call(`types.${name}`, [value], nobody),
];
const circle: unknown[] = [];
circle.push(circle);

const ARGUMENTS: readonly Case[] = [
  given('a number for text', 'text', 7),
  given('null for text', 'text', null),
  given('an object that says it is text', 'text', { toString: () => 'x', length: 1 }),
  given('half a surrogate pair', 'text', '\ud800'),
  given('text of two megabytes', 'text', 'x'.repeat(2 ** 21), 'LIMIT_MESSAGE'),
  given('256 for a byte', 'byte', 256),
  given('-1 for a byte', 'byte', -1),
  given('1.5 for a byte', 'byte', 1.5),
  given('NaN for a byte', 'byte', Number.NaN),
  given('text for a byte', 'byte', '1'),
  given('2^15 for 16 bits with a sign', 'signed', 2 ** 15),
  given('a number for 64 bits', 'long', 1),
  given('2^64 for 64 bits', 'long', 2n ** 64n),
  given('-1n for 64 bits', 'long', -1n),
  given('1 for a truth value', 'truth', 1),
  given('two characters for one', 'letter', 'ab'),
  given('no character for one', 'letter', ''),
  given('half a character', 'letter', '\udc00'),
  given('text for a number', 'number', '1.5'),
  given('an object for a list', 'items', { length: 1, 0: 1 }),
  given('a list of text for one of numbers', 'items', ['1']),
  given('a list in itself', 'texts', circle),
  given('a list that says it has four billion items', 'texts', { length: 2 ** 32, [Symbol.iterator]: null }),
  given('a list with a hole', 'texts', new Array(2)),
  given('a record without a field', 'a-record', { x: 1 }),
  given('null for a record', 'a-record', null),
  given('a case that there is not', 'choice', 'blue'),
  given('a case called constructor', 'choice', 'constructor'),
  given('a number for a case', 'choice', 0),
  given('text for flags', 'a-right', 'read'),
  given('a variant without a tag', 'a-shape', { val: 1 }),
  given('a variant of no known case', 'a-shape', { tag: '__proto__', val: 1 }),
  given('a pair of one', 'pair', [1]),
  given('a pair of three', 'pair', [1, 2, 3]),
  given('text for an option', 'maybe', 'some'),
];

const call = (what: string, code: Case[1], meet: Case[2]): Case => [`a call: ${what}`, code, meet];
const labelled = (what: string, code: Case[1], options: unknown): Case => [
  `a label: ${what}`,
  code,
  ({ host }: Place) => host.call('types.byte', [1], options as CallOptions),
];
const target = (what: string, code: Case[1], name: string): Case => [
  `a target: ${what}`,
  code,
  ({ host }: Place) => host.call(name, [1], nobody),
];

export const MESSAGES: readonly Case[] = [
  ...ARGUMENTS,
  call('too few arguments', 'ARGUMENT_COUNT', ({ host }) => host.call('types.two', [1], nobody)),
  call('too many arguments', 'ARGUMENT_COUNT', ({ host }) => host.call('types.two', [1, 2, 3], nobody)),
  call('no time', 'OPTION_UNENFORCEABLE', ({ host }) => host.call('types.byte', [1], { ...nobody, deadlineMs: 0 })),
  call('aborted before it began', 'CALL_ABORTED', ({ host }) =>
    host.call('types.byte', [1], { ...nobody, signal: AbortSignal.abort() }),
  ),
  labelled('none', 'LABEL_MISSING', {}),
  labelled('null', 'LABEL_SHAPE', { label: null }),
  labelled('text', 'LABEL_SHAPE', { label: 'customer:acme' }),
  labelled('a misspelt key', 'LABEL_SHAPE', { label: { secret: ['customer:acme'] } }),
  labelled('a tag that nobody declared', 'LABEL_TAG_UNDECLARED', { label: { secrecy: ['nothing'] } }),
  labelled('a tag with a Cyrillic letter', 'LABEL_TAG_SYNTAX', { label: { secrecy: ['customer:\u0430cme'] } }),
  labelled('a tag with a path in it', 'LABEL_TAG_SYNTAX', { label: { secrecy: ['customer:../acme'] } }),
  labelled('a tag that is no text', 'LABEL_TAG_SYNTAX', { label: { secrecy: [7] } }),
  labelled('a family', 'LABEL_TAG_SYNTAX', { label: { secrecy: ['customer:*'] } }),
  labelled('a hundred tags', 'LABEL_LIMIT', {
    label: { secrecy: Array.from({ length: 100 }, (_, i) => `customer:c${i}`) },
  }),
  labelled('above the clearance', 'FLOW_DENIED', { label: { secrecy: ['customer:acme'] } }),
  target('empty', 'TARGET_UNKNOWN', ''),
  target('a dot', 'TARGET_UNKNOWN', '.'),
  target('no such compartment', 'TARGET_UNKNOWN', 'nobody.byte'),
  target('no such export', 'TARGET_UNKNOWN', 'types.bytes'),
  target('__proto__', 'TARGET_UNKNOWN', '__proto__.toString'),
  target('an inherited name', 'TARGET_UNKNOWN', 'types.constructor'),
  target('a million dots', 'TARGET_UNKNOWN', '.'.repeat(1_000_000)),
];
