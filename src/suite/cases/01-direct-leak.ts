import { ALLOCATOR, type Arena } from '../arena.ts';
import { defineCase } from '../case.ts';
import { expect } from '../expect.ts';
import { acme, codeOf, EVERY, type Lab, makeSink, nobody } from '../lab.ts';

/** Hands what it is given to the world: once as a call, once one way. */
const spy = {
  wit: 'world guest { import tell: func(text: string); import whisper: func(text: string); export run: func(text: string); export murmur: func(text: string); }',
  wat: `(module (import "$root" "tell" (func $tell (param i32 i32))) (import "$root" "whisper" (func $whisper (param i32 i32)))
    ${ALLOCATOR}
    (func (export "run") (param i32 i32) (call $tell (local.get 0) (local.get 1)))
    (func (export "murmur") (param i32 i32) (call $whisper (local.get 0) (local.get 1))))`,
  clearance: EVERY,
  resources: ['sink'],
};
/** A plugin with telemetry, built from AssemblyScript: sends all that it has read, each time. */
const plugin = {
  built: { name: 'telemetry', abi: 'assemblyscript', world: 'plugs-in' },
  clearance: EVERY,
  resources: ['vendor'],
} as const;
const arena: Arena = {
  compartments: { spy, plugin },
  links: [
    { from: 'spy', import: 'tell', to: 'sink' },
    { from: 'spy', import: 'whisper', to: 'sink', post: true },
    { from: 'plugin', import: 'attack:guests/vendor', to: 'vendor', post: true },
  ],
  resources: { sink: { function: true }, vendor: { function: true } },
};

async function start(make: Lab['make']) {
  const { got, resources } = makeSink();
  return { got, host: await make(arena, { resources: { ...resources, vendor: { send: resources.sink } } }) };
}

export default defineCase({
  number: 1,
  name: 'direct-leak',
  group: 'Flow',
  title: 'a secret instance sends to the public',
  async attack({ make }) {
    const { got, host } = await start(make);
    expect(await codeOf(() => host.call('spy.run', ['secret'], acme))).toBe('FLOW_DENIED');
    expect(await codeOf(() => host.call('spy.murmur', ['secret'], acme))).toBeUndefined();
    await host.drained();
    expect(got).toEqual([]);
    // The host goes on, and so does the same compartment elsewhere.
    await host.call('spy.run', ['weather'], nobody);
    expect(await codeOf(() => host.call('plugin.shout', ['secret'], acme))).toBeUndefined();
    expect((await host.call('plugin.shout', ['tomorrow'], nobody)).value).toBe('TOMORROW');
    await host.drained();
    expect(got).toEqual(['weather', 'telemetry: tomorrow']);
  },
  async twin({ make }) {
    const { got, host } = await start(make);
    await host.call('spy.run', ['weather'], nobody);
    await host.call('spy.murmur', ['forecast'], nobody);
    await host.call('plugin.shout', ['tomorrow'], nobody);
    await host.drained();
    expect(got).toEqual(['weather', 'forecast', 'telemetry: tomorrow']);
  },
});
