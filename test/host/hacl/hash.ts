import { defineAdapter, type GuestAccess } from '../../../src/convention/adapter.ts';

/*
 * Speaks for the modules of hacl-wasm, which came out of KaRaMeL. They share one memory: its first word is where their
 * stack begins, after 128 bytes and the data of every module, in the order in which they are made.
 * Source: hacl-wasm, loader.js.
 */

const HEADER_BYTES = 128;

/** Where the data of the modules that are made by now ends. */
function dataEnd(guest: GuestAccess<undefined>): number {
  return guest.modules
    .filter((name) => name !== 'Karamel')
    .reduce((sum, name) => sum + Number(guest.global(`${name}.data_size`)), HEADER_BYTES);
}

function setStack(guest: GuestAccess, to: number): void {
  guest.write(0, new Uint8Array(Uint32Array.of(to).buffer));
}

/** Puts the inputs on the stack, has `run` called with their pointers and that of the result, and reads that. */
function withBuffers(
  guest: GuestAccess<{ base: number }>,
  inputs: readonly Uint8Array[],
  resultBytes: number,
  run: (result: number, ...pointers: number[]) => void,
): Uint8Array {
  const result = Math.ceil(guest.state.base / 8) * 8;
  let end = result + resultBytes;
  const pointers = inputs.map((bytes) => {
    const pointer = Math.ceil(end / 8) * 8;
    guest.write(pointer, bytes);
    end = pointer + bytes.length;
    return pointer;
  });
  setStack(guest, Math.ceil(end / 8) * 8);
  run(result, ...pointers);
  return guest.read(result, resultBytes);
}

const fail = (): never => {
  throw new Error('the guest has given up');
};

export default defineAdapter<{ base: number }>({
  start: (guest) => ({ base: dataEnd(guest) }),
  globals: {
    'Karamel.data_start': (guest) => dataEnd(guest),
    'EverCrypt_TargetConfig.hacl_can_compile_vec128': () => 0,
    'EverCrypt_TargetConfig.hacl_can_compile_vec256': () => 0,
    'EverCrypt_TargetConfig.hacl_can_compile_vale': () => 0,
  },
  imports: {
    'WasmSupport.WasmSupport_trap': fail,
    'WasmSupport.WasmSupport_malloc': fail,
    'LowStar_Endianness.store16_be': fail,
    'EverCrypt_TargetConfig.has_vec128_not_avx': () => 0,
    'EverCrypt_TargetConfig.has_vec256_not_avx2': () => 0,
  },
  exports: {
    sha256: (guest, input: Uint8Array) =>
      withBuffers(guest, [input], 32, (result, data = 0) => {
        guest.call('Hacl_Hash_SHA2.Hacl_Streaming_SHA2_hash_256', data, input.length, result);
      }),
    'hmac-sha512': (guest, key: Uint8Array, input: Uint8Array) =>
      withBuffers(guest, [key, input], 64, (result, secret = 0, data = 0) => {
        guest.call('Hacl_HMAC.Hacl_HMAC_compute_sha2_512', result, secret, key.length, data, input.length);
      }),
    x25519: (guest, secret: Uint8Array) =>
      withBuffers(guest, [secret], 32, (result, data = 0) => {
        guest.call('Hacl_Curve25519_51.Hacl_Curve25519_51_secret_to_public', result, data);
      }),
  },
});
