import type { FuncType, ValType } from '../wasm/types.ts';

/** What enclaves may import, as in wit/enclave.wit. */
const ENCLAVE_VERSION = '0.1.0';

const BYTES: ValType = { kind: 'list', element: { kind: 'u8' } };
const TEXT: ValType = { kind: 'string' };
const ERROR: ValType = { kind: 'enum', names: ['invalid', 'wrong-label', 'rolled-back', 'newer-version'] };

function func(params: FuncType['params'], result: ValType): FuncType {
  return { params, result, async: false };
}

/** Types by `interface#function`. */
export const ENCLAVE_FUNCTIONS = {
  [`cofferdam:enclave/sealing@${ENCLAVE_VERSION}#seal`]: func([{ name: 'data', type: BYTES }], BYTES),
  [`cofferdam:enclave/sealing@${ENCLAVE_VERSION}#unseal`]: func([{ name: 'sealed', type: BYTES }], {
    kind: 'result',
    ok: BYTES,
    err: ERROR,
  }),
  [`cofferdam:enclave/sealing@${ENCLAVE_VERSION}#count`]: func([], { kind: 'u64' }),
  [`cofferdam:enclave/evidence@${ENCLAVE_VERSION}#evidence`]: func([{ name: 'nonce', type: TEXT }], {
    kind: 'option',
    some: TEXT,
  }),
  [`cofferdam:enclave/evidence@${ENCLAVE_VERSION}#measurement`]: func([], TEXT),
  [`cofferdam:enclave/provisioned@${ENCLAVE_VERSION}#get`]: func([{ name: 'name', type: TEXT }], {
    kind: 'option',
    some: BYTES,
  }),
} as const satisfies Record<string, FuncType>;

export type EnclaveFunction = keyof typeof ENCLAVE_FUNCTIONS;
