/** In the source tree these are TypeScript; in a build everything lies flat beside the one file that this is part of. */
export const IS_SOURCE = import.meta.url.endsWith('.ts');

/** WAT and WIT of the guests. */
export const GUESTS = new URL(IS_SOURCE ? '../../bench/guests/' : './bench/guests/', import.meta.url);

/** The package that names the peers, with their versions. */
export const PEERS = new URL(IS_SOURCE ? '../../bench/peers/' : './bench/peers/', import.meta.url);
