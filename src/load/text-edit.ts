import type { Edit } from '../wasm/rewrite-limits.ts';

/** An edit of a core module's bytes; `bytes` in hex. */
export interface TextEdit {
  readonly start: number;
  readonly end: number;
  readonly bytes: string;
}

export function toEdit({ start, end, bytes }: TextEdit): Edit {
  return { start, end, bytes: Uint8Array.from(Buffer.from(bytes, 'hex')) };
}
