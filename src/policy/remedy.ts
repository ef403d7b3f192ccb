import {
  type ClosedGate,
  type Denied,
  formatPrivilege,
  type Gate,
  isCoveredByAny,
  type Offence,
  type Privilege,
  Privileges,
  parsePrivilege,
} from '../label/index.ts';

/** What the two ends of an edge are called in the manifest. */
export interface Names {
  readonly from: string;
  readonly to: string;
  /** What `to` is; a compartment unless said otherwise. */
  readonly toKind?: 'compartment' | 'resource';
  /** The export that was to be called, as its gate is keyed in the manifest. */
  readonly export?: string;
}

/** One edit of the manifest. */
export interface Change {
  /** `compartments.notify.clearance.secrecy`, `links[count -> notify].declassify`. */
  readonly path: string;
  readonly verb: 'add' | 'remove' | 'set' | 'raise';
  /** Tags, or privileges in text form. Tags are the very ones in the way, not their families: the smallest step. */
  readonly values: readonly string[];
}

export interface Remedy {
  readonly text: string;
  /** All of them together; none when no change of the manifest can help. */
  readonly changes: readonly Change[];
}

/** The ways out of a denial, the least trusting first. Every offence must go; of all but the last, only by the first way. */
export function makeRemedies(verdict: Denied, names: Names): readonly Remedy[] {
  const ways = mergeOffences(verdict).map((offence) => waysOut(verdict, offence, names));
  const combined = ways.reduce(
    (sofar, more) => sofar.slice(0, 1).flatMap((one) => more.map((other) => [...one, ...other])),
    [[]],
  );
  const remedies = combined.map((changes) => ({ text: changes.map(describe).join(', and '), changes }));
  return remedies.length > 0 ? remedies : [{ text: HOST_FAULT, changes: [] }];
}

const HOST_FAULT =
  'no change of the manifest can help: the host program must label a message as its sender is labelled';

/** A new object and the container that gets its name lie in one resource: what is in the way is in the way of both. */
function mergeOffences({ action, offences }: Denied): readonly Offence[] {
  if (action !== 'create') return offences;
  return offences.slice(0, 1).map((first) => ({
    ...first,
    secrecy: [...new Set(offences.flatMap(({ secrecy }) => secrecy))],
    integrity: [...new Set(offences.flatMap(({ integrity }) => integrity))],
  }));
}

type Way = readonly Change[];

function waysOut(verdict: Denied, offence: Offence, names: Names): readonly Way[] {
  const { from, to } = names;
  const resource = `resources.${to}.label`;
  const link = `links[${from} -> ${to}]`;
  const { flow, closedGates } = verdict;
  const isFromHost = flow !== null && flow.from === null;
  const viaLink = isFromHost ? [] : [gateWay(link, from, offence, flow?.linkGate ?? null, closedGates.link)];
  switch (offence.condition) {
    case 'clearance': {
      const accept = names.toKind === 'resource' ? resource : `compartments.${to}.clearance`;
      return [
        edit([`${accept}.secrecy`, 'add', offence.secrecy], [`${accept}.integrity`, 'remove', offence.integrity]),
        ...viaLink,
      ];
    }
    case 'reply': {
      const oneWay = edit([`${link}.post`, 'set', ['true']]);
      if (names.toKind === 'resource') {
        // Without an integrity tag that the gate of the link requires, the gate would no longer open.
        const isNeeded = offence.integrity.some((tag) => flow?.linkGate?.tags.requires.includes(tag));
        return isNeeded ? [oneWay] : [oneWay, carryWay(from, offence)];
      }
      const path = `compartments.${to}.gates.${names.export ?? '<export>'}`;
      return [oneWay, gateWay(path, to, offence, flow?.exportGate ?? null, closedGates.export)];
    }
    case 'read':
      return [carryWay(from, offence)];
    case 'write':
    case 'create':
    case 'container':
      return [
        edit([`${resource}.secrecy`, 'add', offence.secrecy], [`${resource}.integrity`, 'remove', offence.integrity]),
        ...viaLink,
      ];
    default: // a sender that lies about its label
      return [];
  }
}

/** The reader is labelled from the start as what it reads. */
function carryWay(reader: string, { secrecy, integrity }: Offence): Way {
  const path = `compartments.${reader}`;
  return edit(
    [`${path}.label.secrecy`, 'add', secrecy],
    [`${path}.clearance.secrecy`, 'add', secrecy],
    [`${path}.label.integrity`, 'remove', integrity],
  );
}

/** A gate that takes away what is in the way, with everything it needs to open; what the gate there has already is left out. */
function gateWay(
  path: string,
  holder: string,
  offence: Offence,
  gate: Gate | null,
  closed: readonly ClosedGate[],
): Way {
  const declassify = offence.secrecy.filter((tag) => !isCoveredByAny(tag, gate?.tags.declassify ?? []));
  const endorse = offence.integrity.filter((tag) => !gate?.tags.endorse.includes(tag));
  const missing = (...conditions: ClosedGate['condition'][]) =>
    closed.filter(({ condition }) => conditions.includes(condition)).flatMap((failed) => failed.missing);
  const grants = new Privileges([
    ...declassify.map((tag): Privilege => ({ tag, right: 'declassify' })),
    ...endorse.map((tag): Privilege => ({ tag, right: 'endorse' })),
    ...missing('declassify-privilege', 'endorse-privilege').map(parsePrivilege),
  ]).list();
  const needed = grants.filter(
    (privilege) =>
      !gate?.privileges.covers(privilege) &&
      !new Privileges(grants.filter((other) => other !== privilege)).covers(privilege),
  );
  return edit(
    [`${path}.declassify`, 'add', declassify],
    [`${path}.endorse`, 'add', endorse],
    [`compartments.${holder}.grants`, 'add', needed.map(formatPrivilege)],
    [`${path}.requires.integrity`, 'remove', missing('requires')],
    [`${path}.budget`, 'raise', missing('budget')],
  );
}

function edit(...changes: [path: string, verb: Change['verb'], values: readonly string[]][]): Way {
  return changes.filter(([, , values]) => values.length > 0).map(([path, verb, values]) => ({ path, verb, values }));
}

function describe({ path, verb, values }: Change): string {
  const list = values.map((value) => `\`${value}\``).join(', ');
  switch (verb) {
    case 'add':
      return `add ${list} to ${path}`;
    case 'remove':
      return `remove ${list} from ${path}`;
    case 'set':
      return `set ${path} to ${list} if no reply is needed`;
    default:
      return `raise ${path}`;
  }
}
