export { CODES, type Code as ErrorCode } from './codes.ts';
export { CofferdamError, isCofferdamError } from './error.ts';
export { createHost, type HostOptions } from './host/create.ts';
export type { CallOptions, CompartmentStatus, Host, HostSession, PostOptions, Reply } from './host/host.ts';
