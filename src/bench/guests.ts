import { readFileSync } from 'node:fs';
import { componentEmbed, componentNew, parse, print } from '@bytecodealliance/jco-transpile/wasm-tools';
import wabtInit from 'wabt';
import { largeGuest } from './large-guest.ts';
import { GUESTS } from './places.ts';

const FEATURES = { multi_memory: true, mutable_globals: true, bulk_memory: true };

/** Those that have a world of their own in bench.wit. */
export type Part = 'callee' | 'caller' | 'small' | 'relay' | 'last' | 'blob';

/** The guests of all rows, built when they are first asked for: every subject of a row runs the same bytes. */
export class Guests {
  readonly #made = new Map<string, Promise<Uint8Array>>();

  /** A core module of `bench/guests`. */
  core(name: Part | 'memory-copy' | 'extism'): Promise<Uint8Array> {
    return this.#once(`core ${name}`, () => assemble(name, readFileSync(new URL(`${name}.wat`, GUESTS), 'utf8')));
  }

  component(name: Part): Promise<Uint8Array> {
    return this.#once(name, async () => {
      const witSource = readFileSync(new URL('bench.wit', GUESTS), 'utf8');
      return await toComponent(await this.core(name), witSource, name);
    });
  }

  /** One component that holds the caller and the callee, linked inside. */
  composed(): Promise<Uint8Array> {
    return this.#once('composed', async () => {
      const [callee, caller] = await Promise.all([this.component('callee'), this.component('caller')]);
      const runs = ['run-add', 'run-echo', 'run-bytes', 'run-place'].map(
        (name) => `(export "${name}" (func $r "${name}"))`,
      );
      return await parse(`(component
        ${await named('$callee', callee)}
        ${await named('$caller', caller)}
        (instance $e (instantiate $callee))
        (instance $r (instantiate $caller (with "bench:guests/ops" (instance $e "bench:guests/ops"))))
        ${runs.join('\n')})`);
    });
  }

  /** 14 kB, for loading. */
  large(): Promise<Uint8Array> {
    return this.#once('large', async () => {
      const { wat, wit } = largeGuest();
      return await toComponent(await assemble('large', wat), wit, 'large');
    });
  }

  #once(key: string, make: () => Promise<Uint8Array>): Promise<Uint8Array> {
    const made = this.#made.get(key) ?? make();
    this.#made.set(key, made);
    return made;
  }
}

async function assemble(name: string, text: string): Promise<Uint8Array> {
  const module = (await wabtInit()).parseWat(`${name}.wat`, text, FEATURES);
  try {
    module.resolveNames();
    return module.toBinary({}).buffer;
  } finally {
    module.destroy();
  }
}

async function toComponent(binary: Uint8Array, witSource: string, world: string): Promise<Uint8Array> {
  return await componentNew(await componentEmbed({ binary, witSource, world }), []);
}

/** The text of a component, to be put inside another. */
async function named(name: string, component: Uint8Array): Promise<string> {
  return (await print(component)).replace(/^\(component/, `(component ${name}`);
}
