import { isCofferdamError } from '../../src/error.ts';

/** The code of what `run` throws; `none` when it does not throw, `foreign` when it is no error of ours. */
export function codeOf(run: () => unknown): string {
  try {
    run();
    return 'none';
  } catch (error) {
    return isCofferdamError(error) ? error.code : `foreign: ${error}`;
  }
}
