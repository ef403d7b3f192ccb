/** Bytes of one string or list in linear memory: the canonical ABI's own bound, so that sums stay below 2^32. */
export const MAX_STRING_BYTES = 2 ** 28 - 1;
export const MAX_LIST_BYTES = 2 ** 28 - 1;

/** Nesting of one type. Toolchains emit below 20; the bound keeps our recursion and the guest-made code it yields small. */
export const MAX_TYPE_DEPTH = 64;

/**
 * Nodes of the types of all functions of one module, a shared sub-type counted each time it occurs: a small binary could
 * ask for endless code.
 */
export const MAX_TYPE_NODES = 100_000;

/** Live handles of one scope: about 10 MB of JavaScript objects, so that a leak of handles fails before the host does. */
export const MAX_HANDLES = 65_536;
