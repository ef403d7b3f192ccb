export { type AdapterOptions, makeAdapter } from './adapter.ts';
export { type ClockWords, makeEntry } from './entry.ts';
export { makeGate } from './gate.ts';
export { CALLEE_AT_FAULT, FAULTS, KERNEL, REFUSAL, readFault } from './kernel.ts';
export { makeResuming } from './resuming.ts';
export { isScalar, shapeOfFunction, whyNotFusable } from './shape.ts';
export { callerSignature } from './signature.ts';
