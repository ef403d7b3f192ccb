import { describe } from 'vitest';
import { useKind } from '../kinds.ts';

// The tests of the contract, on instances in processes.
describe('process', async () => {
  useKind('process');
  await import('../arguments.test.ts');
  await import('../components.test.ts');
  await import('../hostile-guest.test.ts');
  await import('../hostile-values.test.ts');
  await import('../real-components.test.ts');
  await import('../suspension.test.ts');
});
