import type { ModuleWriter } from './module-writer.ts';

/** Function indices of what every generated module imports from the kernel, beside its memory. */
export interface KernelImports {
  readonly refuse: number;
  readonly drain: number;
  readonly fault: number;
}

export function importKernel(module: ModuleWriter): KernelImports {
  module.importMemory('k', 'memory');
  return {
    refuse: module.importFunction('k', 'refuse', { params: ['i32'], results: [] }),
    drain: module.importFunction('k', 'drain', { params: [], results: [] }),
    fault: module.importFunction('k', 'fault', { params: ['i32'], results: [] }),
  };
}
