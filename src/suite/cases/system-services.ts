import { type Case, defineCase } from '../case.ts';
import { NotApplicable } from '../foreign.ts';

const NO_FILES = 'no guest has files: what imports them of WASI is refused when it is loaded (WASI_NOT_GRANTED)';
const NO_NETWORK = 'no guest has a network: what imports one is refused when it is loaded';

/** Attacks on services that this version does not have: there is nothing to break, and no twin that could succeed. */
export const SYSTEM_SERVICES: readonly Case[] = [
  absent(41, 'path-escape', 'a path leads out of the folder that was given', NO_FILES),
  absent(42, 'write-down', 'a secret is written into a public file', NO_FILES),
  absent(43, 'read-up', 'a public guest reads a secret file', NO_FILES),
  absent(44, 'undeclared-host', 'a guest talks to a host that the manifest does not name', NO_NETWORK),
  absent(46, 'directory-listing', 'the names in a folder tell what is in secret files', NO_FILES),
];

function absent(number: number, name: string, title: string, why: string): Case {
  const refuse = () => Promise.reject(new NotApplicable(why));
  return defineCase({
    number,
    name,
    group: 'System services',
    title,
    only: { kinds: [], why },
    attack: refuse,
    twin: refuse,
  });
}
