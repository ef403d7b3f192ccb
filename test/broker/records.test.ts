import { describe, expect, it } from 'vitest';
import { queryEvents } from '../../src/index.ts';
import { codeOf, makeHost } from '../arena.ts';

const acme = { label: { secrecy: ['customer:acme'] } };

/** Asks a resource, tells a resource, or traps. */
const guest = {
  wit: `world guest { import ask: func(n: u32) -> u64; import tell: func(n: u32);
    export asks: func() -> u32; export tells: func() -> u32; export fails: func() -> u32; }`,
  wat: `(module (import "$root" "ask" (func $ask (param i32) (result i64))) (import "$root" "tell" (func $tell (param i32)))
    (func (export "asks") (result i32) (i32.wrap_i64 (call $ask (i32.const 1))))
    (func (export "tells") (result i32) (call $tell (i32.const 2)) (i32.const 3))
    (func (export "fails") (result i32) unreachable))`,
  clearance: { secrecy: ['customer:*'] },
  resources: ['books'],
};

/** What the journal has of one call: kind, bytes, outcome. */
async function recordsOf(target: string): Promise<unknown[]> {
  const host = await makeHost(
    {
      compartments: { guest },
      links: [
        { from: 'guest', import: 'ask', to: 'books' },
        { from: 'guest', import: 'tell', to: 'books', post: true },
      ],
      resources: { books: { function: true, label: acme.label } },
      audit: { path: './audit.db' },
    },
    { resources: { books: { ask: () => 7n, tell: () => undefined } } },
  );
  await codeOf(() => host.call(target, [], acme));
  await host.drained();
  host.checkpoint();
  const kinds = ['call', 'reply', 'post', 'read', 'write'] as const;
  return [...queryEvents(host.journalPath ?? '', { kinds })].map((event) =>
    event.kind === 'reply'
      ? [event.kind, event.bytes, event.outcome]
      : [event.kind, 'bytes' in event ? event.bytes : 0],
  );
}

describe('the journal has', () => {
  it.each([
    [
      'a question to a resource, and what it answered',
      'guest.asks',
      [
        ['call', 0],
        ['write', 4],
        ['read', 8],
        ['reply', 4, 'ok'],
      ],
    ],
    [
      'a message to a resource when it is sent and when it arrives',
      'guest.tells',
      [
        ['call', 0],
        ['post', 4],
        ['reply', 4, 'ok'],
        ['write', 4],
      ],
    ],
    [
      'a failure as the reply that it is',
      'guest.fails',
      [
        ['call', 0],
        ['reply', 0, 'GUEST_TRAP'],
      ],
    ],
  ])('%s', async (_, target, expected) => {
    expect(await recordsOf(target)).toEqual(expected);
  });
});
