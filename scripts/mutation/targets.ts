/** What is mutated, and the tests that are to notice; the quick ones first, since the first that fails is enough. */
export interface Target {
  readonly files: readonly string[];
  readonly tests: readonly string[];
}

const LABEL_TESTS = [
  'test/label/decide.test.ts',
  'test/label/mutation.test.ts',
  'test/label/space.test.ts',
  'test/label/privilege.test.ts',
];
const BROKER_TESTS = [
  'test/broker/broker.test.ts',
  'test/broker/gates.test.ts',
  'test/broker/export-gates.test.ts',
  'test/broker/records.test.ts',
  'test/broker/posts.test.ts',
  'test/broker/grants.test.ts',
  'test/broker/fused.test.ts',
  'test/audit/crossings.test.ts',
];

export const TARGETS: Readonly<Record<string, Target>> = {
  rules: { files: ['src/label/rules.ts', 'src/label/decide.ts'], tests: LABEL_TESTS },
  decisions: {
    files: [
      'src/broker/decisions.ts',
      'src/broker/gates.ts',
      'src/broker/gate-uses.ts',
      'src/broker/grants.ts',
      'src/broker/posts.ts',
      'src/broker/resource-call.ts',
    ],
    tests: BROKER_TESTS,
  },
  monitor: {
    files: ['src/broker/monitor.ts', 'src/broker/broker.ts', 'src/broker/instances.ts', 'src/broker/fuse.ts'],
    tests: [
      ...BROKER_TESTS,
      'test/host/host.test.ts',
      'test/host/lifecycle.test.ts',
      'test/broker/time-limits.test.ts',
    ],
  },
  fused: {
    files: [
      'src/abi/fused/crossing-code.ts',
      'src/abi/fused/gate.ts',
      'src/abi/fused/adapter.ts',
      'src/abi/fused/translator.ts',
      'src/abi/fused/string-values.ts',
      'src/abi/fused/list-values.ts',
      'src/abi/fused/scalar-values.ts',
      'src/abi/fused/memory-values.ts',
      'src/abi/fused/flat-values.ts',
      'src/abi/fused/block-copy.ts',
      'src/abi/fused/cases.ts',
    ],
    tests: [
      'test/abi/fused/kernel.test.ts',
      'test/abi/fused/hostile.test.ts',
      'test/abi/fused/round-trip.test.ts',
      'test/broker/fused.test.ts',
    ],
  },
  checks: {
    files: ['src/abi/emit-check.ts', 'src/abi/emit-lift.ts', 'src/abi/emit-lower.ts', 'src/abi/emit-function.ts'],
    tests: [
      'test/compartment/hostile-values.test.ts',
      'test/compartment/arguments.test.ts',
      'test/compartment/hostile-guest.test.ts',
      'test/compartment/round-trip.test.ts',
      'test/compartment/resources.test.ts',
    ],
  },
};
