import wabtInit from 'wabt';

export const ROOMY = { memoryBytes: 64 * 1_048_576, tableEntries: 10_000 };

/** A real component that nobody here wrote. */
export const REDACT = 'npm:@arcjet/redact-wasm/wasm/arcjet_analyze_bindings_redact.component.wasm';

export const SCALARS = {
  wat: '(module (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))',
  wit: 'package test:scalars; world scalars { export add: func(a: u32, b: u32) -> u32; }',
};

export async function wat(text: string, multiMemory = false): Promise<Uint8Array> {
  const wabt = await wabtInit();
  const features = { bulk_memory: true, multi_memory: multiMemory }; // multi_memory is missing in the types of wabt
  return Uint8Array.from(wabt.parseWat('test.wat', text, features).toBinary({}).buffer);
}

export function leb(value: number): number[] {
  const bytes: number[] = [];
  let left = value;
  do {
    const low = left % 128;
    left = Math.floor(left / 128);
    bytes.push(left > 0 ? low | 0x80 : low);
  } while (left > 0);
  return bytes;
}

/** A section of a core module or component. */
export function section(id: number, content: readonly number[] | Uint8Array): Uint8Array {
  return Uint8Array.from([id, ...leb(content.length)].concat(Array.from(content)));
}

export function coreModule(...sections: Uint8Array[]): Uint8Array {
  return Buffer.concat([Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]), ...sections]);
}

export function component(...sections: Uint8Array[]): Uint8Array {
  return Buffer.concat([Uint8Array.from([0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0]), ...sections]);
}
