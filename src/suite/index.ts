// For whoever writes cases of their own, or tries another host: `cofferdam/suite`.
export { ALLOCATOR, type Arena, type Guest, loadAssembler } from './arena.ts';
export { type Case, defineCase, type Group, type Kind } from './case.ts';
export { type Expectation, expect } from './expect.ts';
export { NotApplicable, Refused } from './foreign.ts';
export { acme, codeOf, EVERY, globex, type Lab, type MakeHost, makeSink, nobody } from './lab.ts';
