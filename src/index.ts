export type { Expected, LaunchKey, ProvisioningTarget, Secret, Verified, VerifiedCompartment } from './attest/index.ts';
export { sealTo, signerOf, signMeasurement, verifyEvidence } from './attest/index.ts';
export {
  denials,
  exportEvents,
  gates,
  openJournal,
  queryEvents,
  renderTrace,
  routesOf,
  type TraceRoute,
  trace,
  verifyJournal,
} from './audit/index.ts';
export type { HostCallContext, HostFunction } from './broker/edge.ts';
export type { HostEvents } from './broker/recorder.ts';
export type { LifecycleState, Transition } from './broker/transition.ts';
export { CODES, type Code as ErrorCode } from './codes.ts';
export { CofferdamError, isCofferdamError } from './error.ts';
export { createHost, type HostOptions } from './host/create.ts';
export type { Explained } from './host/explain.ts';
export type { CallOptions, CompartmentStatus, Held, HostFile, HostSession, PostOptions, Reply } from './host/held.ts';
export type { Host } from './host/host.ts';
export type { Watched } from './host/watch.ts';
export { formatLabel, type Label, type LabelInput } from './label/index.ts';
export type { Explanation } from './policy/explain.ts';
