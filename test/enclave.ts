import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ALLOCATOR, type Arena, type Guest } from './arena.ts';

/** The interface of enclaves as a package within the WIT of a guest. */
export const ENCLAVE_WIT = readFileSync(join(import.meta.dirname, '../wit/enclave.wit'), 'utf8').replace(
  /^package (\S+);/,
  'package $1 {',
);

/** A guest that passes on what the host serves to enclaves, and keeps, prints or fails with what it is given. */
export const VAULT: Guest = {
  wit: `world guest {
    import cofferdam:enclave/sealing@0.1.0; import cofferdam:enclave/evidence@0.1.0; import cofferdam:enclave/provisioned@0.1.0;
    export seal: func(data: list<u8>) -> list<u8>; export unseal: func(sealed: list<u8>) -> result<list<u8>, u8>;
    export evidence: func(nonce: string) -> option<string>; export measurement: func() -> string;
    export secret: func(name: string) -> option<list<u8>>;
    export fail: func(text: string); export print: func(text: string); export grow: func(pages: u32) -> u32;
  }
  ${ENCLAVE_WIT}
  }`,
  wat: `(module
    (import "cofferdam:enclave/sealing@0.1.0" "seal" (func $seal (param i32 i32 i32)))
    (import "cofferdam:enclave/sealing@0.1.0" "unseal" (func $unseal (param i32 i32 i32)))
    (import "cofferdam:enclave/evidence@0.1.0" "evidence" (func $evidence (param i32 i32 i32)))
    (import "cofferdam:enclave/evidence@0.1.0" "measurement" (func $measurement (param i32)))
    (import "cofferdam:enclave/provisioned@0.1.0" "get" (func $get (param i32 i32 i32)))
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    ${ALLOCATOR}
    (func (export "seal") (param i32 i32) (result i32) (call $seal (local.get 0) (local.get 1) (i32.const 16)) (i32.const 16))
    (func (export "unseal") (param i32 i32) (result i32) (call $unseal (local.get 0) (local.get 1) (i32.const 16)) (i32.const 16))
    (func (export "evidence") (param i32 i32) (result i32) (call $evidence (local.get 0) (local.get 1) (i32.const 16)) (i32.const 16))
    (func (export "measurement") (result i32) (call $measurement (i32.const 16)) (i32.const 16))
    (func (export "secret") (param i32 i32) (result i32) (call $get (local.get 0) (local.get 1) (i32.const 16)) (i32.const 16))
    (func (export "fail") (param i32 i32) (drop (i32.div_u (i32.const 1) (i32.const 0))))
    (func (export "print") (param i32 i32)
      (i32.store (i32.const 16) (local.get 0)) (i32.store (i32.const 20) (local.get 1))
      (drop (call $write (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 24))))
    (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))`,
  wasi: 'minimal',
  clearance: { secrecy: ['customer:*'] },
};

/** A manifest with one enclave, and its platform beside it. */
export function vaultArena(more: object = {}, rest: object = {}): Arena {
  return {
    compartments: { vault: { ...VAULT, enclave: true, ...more } },
    attestation: { state: './state' },
    ...rest,
  };
}

export const NONCE = 'n-0S6_WzA2Mj';
