import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type CallVerdict,
  canChangeGrants,
  ceilingOf,
  decideCall,
  decideCreate,
  decideDelegate,
  decideGrant,
  decideRead,
  decideReadWrite,
  decideWrite,
  type Flow,
  type Gate,
  type Label,
  LabelSpace,
  Privileges,
  parsePrivilege,
} from '../../src/label/index.ts';
import {
  DECLARATIONS,
  expand,
  fits,
  flows,
  flowsOf,
  isSame,
  labelInputs,
  lub,
  makeSpace,
  needs,
  powers,
  privilege,
  privilegeLists,
  type Sets,
  setsOf,
} from './universe.ts';

const space = makeSpace();
const labels = labelInputs.map((input) => space.label(input));
const nobody = space.public;
const acme = space.label({ secrecy: ['customer:acme'] });
const globex = space.label({ secrecy: ['customer:globex'] });
const vetted = space.label({ integrity: ['vetted'] });
const vettedAcme = space.label({ secrecy: ['customer:acme'], integrity: ['vetted'] });

const flow = (more: Partial<Flow>): Flow => {
  const from = more.from === undefined ? nobody : more.from;
  const defaults = {
    kind: 'call' as const,
    request: from ?? nobody,
    linkGate: null,
    base: nobody,
    clearance: { secrecy: ['customer:*'], integrity: [] },
    exportGate: null,
  };
  return { ...defaults, ...more, from };
};
const gate = ({
  declassify = ['customer:*'],
  endorse = [],
  requires = [],
  isOpen = true,
  holds = 'customer:*-',
}: Partial<Gate['tags']> & { isOpen?: boolean; holds?: string }): Gate => ({
  tags: { declassify, endorse, requires },
  privileges: new Privileges(holds.split(' ').filter(Boolean).map(parsePrivilege)),
  isOpen,
});
const decide = (more: Partial<Flow>) => decideCall(space, flow(more));

/** LABELS in sets: what may happen, told again without the rule table. */
function expected({ kind, from, request, linkGate, base, clearance, exportGate }: Flow) {
  const isOpening = (at: Gate | null, seen: Sets) =>
    at?.isOpen === true &&
    new Set(at.tags.requires).isSubsetOf(seen.i) &&
    needs(at.tags).isSubsetOf(powers(at.privileges.list()));
  const through = (at: Gate | null, seen: Sets, label: Sets): Sets =>
    at !== null && isOpening(at, seen)
      ? { s: label.s.difference(expand(at.tags.declassify)), i: label.i.union(new Set(at.tags.endorse)) }
      : label;
  const sent = setsOf(request);
  const arrived = through(linkGate, sent, sent);
  const instance = lub(setsOf(base), arrived);
  const reply = kind === 'call' ? through(exportGate, arrived, instance) : instance;
  let rule: number | null = null;
  if (from !== null && !isSame(setsOf(from), sent)) rule = 2;
  else if (!fits(instance, clearance)) rule = 1;
  else if (kind === 'call' && from !== null && !flows(reply, setsOf(from))) rule = 3;
  return { rule, arrived, instance, reply };
}

describe('a call or a post', () => {
  it('is decided as the sets say', () => {
    fc.assert(
      fc.property(flowsOf(space), (asked) => {
        const { rule, arrived, instance, reply } = expected(asked);
        const verdict = decideCall(space, asked);
        if (!verdict.allowed) return verdict.rule === rule;
        return (
          rule === null &&
          isSame(setsOf(verdict.request), arrived) &&
          isSame(setsOf(verdict.instance), instance) &&
          isSame(setsOf(verdict.reply), reply) &&
          verdict.linkGateUsed === !isSame(arrived, setsOf(asked.request)) &&
          verdict.exportGateUsed === !isSame(reply, instance)
        );
      }),
      { numRuns: 5000 },
    );
  });

  it('blames exactly the tags that are in the way', () => {
    fc.assert(
      fc.property(flowsOf(space), (asked) => {
        const verdict = decideCall(space, asked);
        if (verdict.allowed) return true;
        return verdict.offences.every(({ from, to, secrecy, integrity }) => {
          const inTheWay = setsOf(from).s.difference(expand(to.secrecy));
          const missing = new Set(to.integrity).difference(setsOf(from).i);
          return (
            secrecy.length + integrity.length > 0 &&
            inTheWay.symmetricDifference(new Set(secrecy)).size === 0 &&
            missing.symmetricDifference(new Set(integrity)).size === 0
          );
        });
      }),
      { numRuns: 2000 },
    );
  });

  it('is allowed all the more with more clearance, and a post wherever a call is', () => {
    fc.assert(
      fc.property(flowsOf(space), (asked) => {
        if (!decideCall(space, asked).allowed) return true;
        const wider = { secrecy: [...asked.clearance.secrecy, 'board'], integrity: asked.clearance.integrity.slice(1) };
        return (
          decideCall(space, { ...asked, clearance: wider }).allowed &&
          decideCall(space, { ...asked, kind: 'post' }).allowed
        );
      }),
    );
  });

  it('depends on nothing but what is asked', () => {
    fc.assert(
      fc.property(flowsOf(space), (asked) => {
        const fresh = makeSpace();
        const move = ({ secrecy, integrity }: Label) => fresh.label({ secrecy, integrity });
        const moved = {
          ...asked,
          from: asked.from && move(asked.from),
          request: move(asked.request),
          base: move(asked.base),
        };
        return text(decideCall(fresh, moved)) === text(decideCall(space, asked));
      }),
    );
  });
});

describe('rule 1, enter', () => {
  it('runs the instance at the join of base and request', () => {
    expect(decide({ from: null, request: acme, base: globex })).toMatchObject({
      allowed: true,
      instance: space.join(acme, globex),
    });
  });

  it('denies what is above the clearance', () => {
    expect(decide({ from: acme, clearance: { secrecy: ['customer:globex'], integrity: [] } })).toMatchObject({
      allowed: false,
      rule: 1,
      condition: 'clearance',
      secrecy: ['customer:acme'],
      integrity: [],
    });
    expect(decide({ from: acme, clearance: { secrecy: ['customer:acme'], integrity: ['vetted'] } })).toMatchObject({
      allowed: false,
      rule: 1,
      secrecy: [],
      integrity: ['vetted'],
    });
  });

  it('takes integrity away from what unvouched-for code puts out', () => {
    expect(decide({ from: null, request: vettedAcme })).toMatchObject({ allowed: true, reply: acme });
    expect(decide({ from: null, request: vettedAcme, base: vetted })).toMatchObject({
      allowed: true,
      reply: vettedAcme,
    });
  });
});

describe('rule 2, the message of a guest', () => {
  it('carries the label of the guest', () => {
    expect(decide({ from: acme, request: nobody })).toMatchObject({
      allowed: false,
      rule: 2,
      condition: 'sent-no-lower',
    });
    expect(decide({ from: nobody, request: acme })).toMatchObject({
      allowed: false,
      rule: 2,
      condition: 'sent-no-higher',
    });
    expect(decide({ from: null, request: acme })).toMatchObject({ allowed: true });
  });

  it('loses what the gate of its link names', () => {
    const verdict = decide({ from: acme, linkGate: gate({}), clearance: ceilingOf(nobody) });
    expect(verdict).toMatchObject({ allowed: true, request: nobody, instance: nobody, linkGateUsed: true });
  });

  it('does not use a gate that has nothing to change', () => {
    expect(decide({ from: nobody, linkGate: gate({}) })).toMatchObject({ allowed: true, linkGateUsed: false });
  });
});

describe('rule 3, reply', () => {
  it('is decided before the callee runs', () => {
    expect(decide({ from: nobody, base: acme })).toMatchObject({
      allowed: false,
      rule: 3,
      condition: 'reply',
      from: acme,
      to: nobody,
    });
    expect(decide({ from: vetted })).toMatchObject({ allowed: false, rule: 3, integrity: ['vetted'] });
  });

  it('reaches the host with its label, whatever that is', () => {
    expect(decide({ from: null, base: acme })).toMatchObject({ allowed: true, reply: acme });
  });

  it('loses what the gate of the export names', () => {
    const verdict = decide({ from: nobody, base: acme, exportGate: gate({}) });
    expect(verdict).toMatchObject({ allowed: true, instance: acme, reply: nobody, exportGateUsed: true });
  });
});

describe('rule 4, post', () => {
  it('needs no reply, and so opens no gate for one', () => {
    const verdict = decide({ kind: 'post', from: nobody, base: acme, exportGate: gate({}) });
    expect(verdict).toMatchObject({ allowed: true, reply: acme, exportGateUsed: false });
  });

  it('needs clearance', () => {
    expect(decide({ kind: 'post', from: acme, clearance: ceilingOf(nobody) })).toMatchObject({
      allowed: false,
      rule: 1,
    });
  });
});

describe('a gate', () => {
  const shut = { from: acme, clearance: ceilingOf(nobody) };

  it.each([
    ['without the privilege', gate({ holds: '' }), 'declassify-privilege', ['customer:*-']],
    [
      'with the privilege over one member only',
      gate({ holds: 'customer:acme-' }),
      'declassify-privilege',
      ['customer:*-'],
    ],
    ['with the right to do the other thing', gate({ endorse: ['vetted'] }), 'endorse-privilege', ['vetted+']],
    ['without what it requires', gate({ requires: ['vetted'] }), 'requires', ['vetted']],
    ['without budget', gate({ isOpen: false }), 'budget', ['budget']],
  ])('%s releases nothing', (_, linkGate, condition, missing) => {
    expect(decide({ ...shut, linkGate })).toMatchObject({
      allowed: false,
      rule: 1,
      closedGates: { link: [{ condition, missing }], export: [] },
    });
  });

  it('that stays shut does not stop a message that needs no release', () => {
    expect(decide({ from: acme, linkGate: gate({ isOpen: false }) })).toMatchObject({
      allowed: true,
      request: acme,
      linkGateUsed: false,
    });
  });

  it('names every condition that failed', () => {
    const verdict = decide({ ...shut, linkGate: gate({ holds: '', requires: ['vetted'], isOpen: false }) });
    expect(verdict.closedGates.link.map(({ condition }) => condition)).toEqual([
      'requires',
      'declassify-privilege',
      'budget',
    ]);
  });

  it('removes every member that its family covers', () => {
    const both = space.join(acme, globex);
    expect(decide({ from: both, linkGate: gate({}) })).toMatchObject({ request: nobody });
    expect(decide({ from: both, linkGate: gate({ declassify: ['customer:acme'] }) })).toMatchObject({
      request: globex,
    });
  });

  it('adds what it endorses', () => {
    const linkGate = gate({ declassify: [], endorse: ['vetted'], holds: 'vetted+' });
    expect(decide({ from: acme, linkGate, base: vetted })).toMatchObject({
      allowed: true,
      request: vettedAcme,
      reply: vettedAcme,
    });
  });

  it('on an export looks at the request as it arrived, not at the instance', () => {
    const exportGate = gate({ requires: ['vetted'] });
    expect(decide({ from: null, request: vettedAcme, exportGate })).toMatchObject({ instance: acme, reply: nobody });
    expect(decide({ from: null, request: acme, base: vetted, exportGate })).toMatchObject({
      reply: acme,
      exportGateUsed: false,
    });
    const endorsing = gate({ declassify: [], endorse: ['vetted'], holds: 'vetted+' });
    expect(decide({ from: acme, linkGate: endorsing, exportGate })).toMatchObject({
      request: vettedAcme,
      reply: nobody,
    });
  });

  it('looks at the request before it has changed anything', () => {
    const linkGate = gate({ endorse: ['vetted'], requires: ['vetted'], holds: 'customer:*- vetted+' });
    expect(decide({ from: acme, linkGate })).toMatchObject({ request: acme, linkGateUsed: false });
  });

  it('needs no grant for a right that is open to everyone', () => {
    const open = new LabelSpace(
      DECLARATIONS.map((tag) => (tag.name === 'customer:*' ? { ...tag, public: ['declassify'] as const } : tag)),
    );
    const from = open.label({ secrecy: ['customer:acme'] });
    const asked = { ...flow({ linkGate: gate({ holds: '' }) }), from, request: from, base: open.public };
    expect(decideCall(open, asked)).toMatchObject({ request: open.public, linkGateUsed: true });
  });
});

describe('rule 5, resources', () => {
  it('are read from below, written from below them, and created likewise', () => {
    fc.assert(
      fc.property(labels, labels, labels, (instance, resource, object) => {
        const [i, r, o] = [setsOf(instance), setsOf(resource), setsOf(object)];
        return (
          decideRead(space, instance, resource).allowed === flows(r, i) &&
          decideWrite(space, instance, resource).allowed === flows(i, r) &&
          decideReadWrite(space, instance, resource).allowed === isSame(i, r) &&
          decideCreate(space, instance, object, resource).allowed === (flows(i, o) && flows(i, r))
        );
      }),
      { numRuns: 1000 },
    );
  });

  it('name the condition that failed', () => {
    expect(decideRead(space, nobody, acme)).toMatchObject({ rule: 5, condition: 'read', secrecy: ['customer:acme'] });
    expect(decideReadWrite(space, nobody, acme)).toMatchObject({ rule: 5, condition: 'read' });
    expect(decideReadWrite(space, acme, nobody)).toMatchObject({ rule: 5, condition: 'write' });
    expect(decideCreate(space, acme, acme, nobody)).toMatchObject({ rule: 5, condition: 'container' });
    expect(decideCreate(space, acme, nobody, acme)).toMatchObject({ rule: 5, condition: 'create' });
  });

  it('behind a function take what can flow to them and answer with their label', () => {
    fc.assert(
      fc.property(labels, labels, (from, resource) => {
        const verdict = decide({ from, base: resource, clearance: ceilingOf(resource) });
        const isBoth = decideWrite(space, from, resource).allowed && decideRead(space, from, resource).allowed;
        return verdict.allowed === isBoth && (!verdict.allowed || verdict.reply === resource);
      }),
    );
  });
});

describe('rule 8, privileges', () => {
  it('are granted by the owner alone', () => {
    const asked = { privilege: parsePrivilege('customer:*-') };
    expect(decideGrant({ ...asked, tagOwner: 'desk', by: 'desk' })).toEqual({ allowed: true });
    expect(decideGrant({ ...asked, tagOwner: 'desk', by: 'chair' })).toEqual({
      allowed: false,
      rule: 8,
      condition: 'owner',
    });
    expect(decideGrant({ ...asked, tagOwner: undefined, by: 'desk' })).toMatchObject({ allowed: false });
  });

  it('are passed on as they are held or less, never more', () => {
    fc.assert(
      fc.property(privilegeLists, privilege, (list, wanted) => {
        const verdict = decideDelegate({ holder: new Privileges(list), privilege: wanted });
        return verdict.allowed === powers([wanted]).isSubsetOf(powers(list));
      }),
    );
  });

  it('are changed by the host or by who knows no secret', () => {
    expect(canChangeGrants(null)).toBe(true);
    expect(canChangeGrants(vetted)).toBe(true);
    expect(canChangeGrants(vettedAcme)).toBe(false);
  });
});

function text(verdict: CallVerdict): string {
  return JSON.stringify(verdict, (key, value) => (key === 'id' ? undefined : value));
}
