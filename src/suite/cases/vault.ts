import { readFileSync } from 'node:fs';
import {
  type Expected,
  type Host,
  isCofferdamError,
  type Secret,
  sealTo,
  type VerifiedCompartment,
  verifyEvidence,
} from '../../index.ts';
import { ALLOCATOR, type Arena, type Guest } from '../arena.ts';

/** It stands in the package as it does in the source tree: below the root. */
const WIT_FILE = new URL(
  import.meta.url.endsWith('.ts') ? '../../../wit/enclave.wit' : '../wit/enclave.wit',
  import.meta.url,
);
/** The interface of enclaves as a package within the WIT of a guest. */
const ENCLAVE_WIT = readFileSync(WIT_FILE, 'utf8').replace(/^package (\S+);/, 'package $1 {');

const WRITE = `(import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))`;
const FRANK_WIT =
  'export fail: func(text: string); export print: func(text: string); export grow: func(pages: u32) -> u32;';
/** Prints, fails and grows: what a host sees of a guest. */
const FRANK = `
    (func (export "fail") (param i32 i32) (drop (i32.div_u (i32.const 1) (i32.const 0))))
    (func (export "print") (param i32 i32)
      (i32.store (i32.const 16) (local.get 0)) (i32.store (i32.const 20) (local.get 1))
      (drop (call $write (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 24))))
    (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))`;

/** The same as the vault, without anything that only enclaves have. */
export const FRANK_GUEST: Guest = {
  wit: `world guest { ${FRANK_WIT} }`,
  wat: `(module ${WRITE} ${ALLOCATOR} ${FRANK})`,
  wasi: 'minimal',
  clearance: { secrecy: ['customer:*'] },
  enclave: undefined, // also where all others are
};

/** A guest that passes on what the host serves to enclaves, and keeps, prints or fails with what it is given. */
export const VAULT: Guest = {
  wit: `world guest {
    import cofferdam:enclave/sealing@0.1.0; import cofferdam:enclave/evidence@0.1.0; import cofferdam:enclave/provisioned@0.1.0;
    export seal: func(data: list<u8>) -> list<u8>; export unseal: func(sealed: list<u8>) -> result<list<u8>, u8>;
    export evidence: func(nonce: string) -> option<string>; export measurement: func() -> string;
    export secret: func(name: string) -> option<list<u8>>;
    ${FRANK_WIT}
  }
  ${ENCLAVE_WIT}
  }`,
  wat: `(module
    (import "cofferdam:enclave/sealing@0.1.0" "seal" (func $seal (param i32 i32 i32)))
    (import "cofferdam:enclave/sealing@0.1.0" "unseal" (func $unseal (param i32 i32 i32)))
    (import "cofferdam:enclave/evidence@0.1.0" "evidence" (func $evidence (param i32 i32 i32)))
    (import "cofferdam:enclave/evidence@0.1.0" "measurement" (func $measurement (param i32)))
    (import "cofferdam:enclave/provisioned@0.1.0" "get" (func $get (param i32 i32 i32)))
    ${WRITE}
    ${ALLOCATOR}
    (func (export "seal") (param i32 i32) (result i32) (call $seal (local.get 0) (local.get 1) (i32.const 16)) (i32.const 16))
    (func (export "unseal") (param i32 i32) (result i32) (call $unseal (local.get 0) (local.get 1) (i32.const 16)) (i32.const 16))
    (func (export "evidence") (param i32 i32) (result i32) (call $evidence (local.get 0) (local.get 1) (i32.const 16)) (i32.const 16))
    (func (export "measurement") (result i32) (call $measurement (i32.const 16)) (i32.const 16))
    (func (export "secret") (param i32 i32) (result i32) (call $get (local.get 0) (local.get 1) (i32.const 16)) (i32.const 16))
    ${FRANK})`,
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

/** What somebody who trusts one measurement and one platform finds of the enclaves of a host: their launches, or the code of the refusal. */
export async function reliesOn(
  host: Host,
  expected: Pick<Expected, 'measurements'> & Partial<Expected>,
): Promise<ReadonlyMap<string, VerifiedCompartment> | string> {
  try {
    const evidence = await host.evidence({ nonce: NONCE });
    return (await verifyEvidence(evidence, { key: host.attestationKey(), nonce: NONCE, ...expected })).compartments;
  } catch (error) {
    if (isCofferdamError(error)) return error.code;
    throw error;
  }
}

/** The same, when only the refusal matters; undefined: trusted. */
export async function refusalOf(host: Host, expected: Parameters<typeof reliesOn>[1]): Promise<string | undefined> {
  const found = await reliesOn(host, expected);
  return typeof found === 'string' ? found : undefined;
}

export async function measurementOf(host: Host, name = 'vault'): Promise<string> {
  return (await host.call<string>(`${name}.measurement`, [], { label: {} })).value;
}

/** The text that comes out of sealed data, or the position of the error in the WIT interface. */
export async function unsealed(host: Host, sealed: Uint8Array, options: object, name = 'vault'): Promise<unknown> {
  try {
    const { value } = await host.call<Uint8Array>(`${name}.unseal`, [sealed], options);
    return new TextDecoder().decode(value);
  } catch (error) {
    if (isCofferdamError(error, 'GUEST_ERROR')) return error.details.payload;
    throw error;
  }
}

export async function sealedBy(host: Host, text: string, options: object, name = 'vault'): Promise<Uint8Array> {
  return (await host.call<Uint8Array>(`${name}.seal`, [new TextEncoder().encode(text)], options)).value;
}

/** What a relying party does once it trusts a launch. */
export async function give(host: Host, launch: VerifiedCompartment, secret: Secret): Promise<void> {
  await host.provision(launch.compartment, await sealTo(launch, secret));
}
