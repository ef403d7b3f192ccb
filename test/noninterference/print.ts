import { stringify } from 'yaml';
import { formatLabel } from '../../src/label/index.ts';
import { guestOf, manifestOf } from './guest.ts';
import type { Leak } from './property.ts';
import { HOPS, nameOf, sizeOf, valueIn, type World } from './world.ts';

/** A world that leaks, for a person to read: its manifest, its guests, what the host does, and what can be told apart. */
export function printWorld(world: World, leak: Leak): string {
  const manifest = manifestOf(world, { run: 0, kind: 'inline', wasmOf: (_, i) => `./${nameOf(i)}.wasm` });
  const guests = world.compartments.map((_, i) => `;; ${nameOf(i)}.wat\n${guestOf(world, i, 0).wat}`);
  const differing = [
    ...world.compartments.map(({ base, initial }, i) => [`state of ${nameOf(i)}`, base, initial] as const),
    ...world.resources.map(({ label, content }, i) => [`content of r${i}`, label, content] as const),
  ].flatMap(([what, label, values]) => {
    const [one, other] = ([0, 1] as const).map((run) => valueIn(world, run, label, values));
    return one === other ? [] : [`  ${what} is ${one} or ${other}`];
  });
  return [
    `An observer at ${formatLabel(world.observer)} sees "${leak.one}" in one run, "${leak.other}" in the other.`,
    `What the host does (${sizeOf(world)} parts in all):`,
    ...differing,
    ...world.actions.map((action, i) => `  ${i}: ${lineOf(world, action)}`),
    stringify(manifest, { lineWidth: 120 }),
    ...guests,
  ].join('\n');
}

function lineOf(world: World, action: World['actions'][number]): string {
  if (!('input' in action)) return `${action.act} ${action.privilege} to ${nameOf(action.to)} by ${action.by}`;
  const { act, to, label, input, isDrained } = action;
  const [one, other] = ([0, 1] as const).map((run) => valueIn(world, run, label, input));
  const value = one === other ? `${one}` : `${one} or ${other}`;
  const verb = act === 'take' ? 'post' : 'call';
  return `${verb} ${nameOf(to)}.${act}(${HOPS}, ${value}) at ${formatLabel(label)}${isDrained ? ', and wait for posts' : ''}`;
}
