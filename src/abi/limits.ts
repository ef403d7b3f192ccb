/** Bytes of one string or list in linear memory: the canonical ABI's own bound, so that sums stay below 2^32. */
export const MAX_STRING_BYTES = 2 ** 28 - 1;
export const MAX_LIST_BYTES = 2 ** 28 - 1;

/** Nesting of one type. Toolchains emit below 20; the bound keeps our recursion and the guest-made code it yields small. */
export const MAX_TYPE_DEPTH = 64;

/** Type nodes turned into code for one module, shared sub-types counted each time they are inlined. */
export const MAX_TYPE_NODES = 100_000;

/** Live handles of one scope: about 10 MB of JavaScript objects, so that a leak of handles fails before the host does. */
export const MAX_HANDLES = 65_536;
