import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ceilingOf,
  type Denied,
  decideCall,
  decideCreate,
  decideRead,
  decideWrite,
  type Flow,
  type Gate,
  type LabelInput,
  Privileges,
  parsePrivilege,
  type ResourceVerdict,
} from '../../src/label/index.ts';
import { type Change, explain, formatExplanation, type Names } from '../../src/policy/index.ts';
import { flowsOf, labelInputs, makeSpace } from '../label/universe.ts';

const space = makeSpace();
const acme = space.label({ secrecy: ['customer:acme'] });
const names = { from: 'summarise', to: 'notify', export: 'send' };
const call: Flow = {
  kind: 'call',
  from: acme,
  request: acme,
  linkGate: null,
  base: space.public,
  clearance: ceilingOf(space.public),
  exportGate: null,
};

function denied(verdict: { readonly allowed: boolean }): Denied {
  if (verdict.allowed) throw new Error('expected a denial');
  return verdict as Denied;
}

/** A flow as a manifest that has been changed would ask it: an independent reading of the paths that remedies name. */
function amend(flow: Flow, changes: readonly Change[], isResource: boolean): Flow {
  let now = flow;
  const edited = (tags: readonly string[], { verb, values }: Change) =>
    verb === 'add' ? [...tags, ...values] : tags.filter((tag) => !values.includes(tag));
  const gate = (before: Gate | null, what: string, change: Change): Gate => {
    const { tags, privileges, isOpen } = before ?? {
      tags: { declassify: [], endorse: [], requires: [] },
      privileges: new Privileges(),
      isOpen: true,
    };
    if (what === 'grants') return { tags, privileges: privileges.with(...change.values.map(parsePrivilege)), isOpen };
    if (what === 'budget') return { tags, privileges, isOpen: true };
    if (what === 'requires.integrity')
      return { tags: { ...tags, requires: edited(tags.requires, change) }, privileges, isOpen };
    if (what !== 'declassify' && what !== 'endorse') throw new Error(`no such key in a gate: ${what}`);
    return { tags: { ...tags, [what]: edited(tags[what], change) }, privileges, isOpen };
  };
  const relabel = (label: LabelInput, what: string, change: Change) =>
    space.label({ ...label, [what]: edited(label[what as 'secrecy' | 'integrity'] ?? [], change) });
  for (const change of changes) {
    const { path } = change;
    const last = path.split('.').at(-1) ?? '';
    if (path === 'links[summarise -> notify].post') now = { ...now, kind: 'post' };
    else if (path.startsWith('links[summarise -> notify].'))
      now = { ...now, linkGate: gate(now.linkGate, path.slice(27), change) };
    else if (path.startsWith('compartments.notify.gates.send.'))
      now = { ...now, exportGate: gate(now.exportGate, path.slice(31), change) };
    else if (path === 'compartments.summarise.grants') now = { ...now, linkGate: gate(now.linkGate, 'grants', change) };
    else if (path === 'compartments.notify.grants')
      now = { ...now, exportGate: gate(now.exportGate, 'grants', change) };
    else if (path.startsWith('compartments.notify.clearance.') && !isResource) {
      now = {
        ...now,
        clearance: { ...now.clearance, [last]: edited(now.clearance[last as 'secrecy' | 'integrity'], change) },
      };
    } else if (path.startsWith('compartments.summarise.label.') && now.from !== null) {
      const from = relabel(now.from, last, change);
      now = { ...now, from, request: from };
    } else if (path.startsWith('resources.notify.label.') && isResource) {
      const base = relabel(now.base, last, change);
      now = { ...now, base, clearance: ceilingOf(base) };
    } else if (!path.startsWith('compartments.summarise.clearance.')) throw new Error(`no such path: ${path}`);
  }
  return now;
}

/** Flows as a manifest that passed its checks would bring them about. */
const sound = flowsOf(space).map((flow): Flow => {
  const { base, clearance, from, request } = flow;
  const secrecy = [...clearance.secrecy, ...base.secrecy];
  return {
    ...flow,
    request: from ?? request,
    clearance: { secrecy, integrity: clearance.integrity.filter((tag) => base.integrity.includes(tag)) },
  };
});

const toResource = flowsOf(space).map(
  (flow): Flow => ({ ...flow, request: flow.from ?? flow.request, clearance: ceilingOf(flow.base), exportGate: null }),
);

const without = (changes: readonly Change[], i: number, value: string) =>
  changes
    .map((change, at) => (at === i ? { ...change, values: change.values.filter((other) => other !== value) } : change))
    .filter(({ values }) => values.length > 0);

describe('a remedy', () => {
  it.each([
    ['compartment', sound],
    ['resource', toResource],
  ] as const)('allows what was denied, for a %s', (toKind, flows) => {
    fc.assert(
      fc.property(flows, (flow) => {
        const verdict = decideCall(space, flow);
        if (verdict.allowed) return;
        const { remedies } = explain(verdict, { ...names, toKind });
        expect(remedies.length).toBeGreaterThan(0);
        for (const { changes, text } of remedies) {
          expect(changes.length).toBeGreaterThan(0);
          expect(decideCall(space, amend(flow, changes, toKind === 'resource')).allowed, text).toBe(true);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('is a smallest one: without any one of its tags the denial stays', () => {
    fc.assert(
      fc.property(sound, (flow) => {
        const verdict = decideCall(space, flow);
        if (verdict.allowed) return;
        for (const { changes, text } of explain(verdict, names).remedies) {
          changes.forEach(({ values }, i) => {
            for (const value of values) {
              expect(
                decideCall(space, amend(flow, without(changes, i, value), false)).allowed,
                `${text}, without ${value}`,
              ).toBe(false);
            }
          });
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('of a read, a write or a creation is in the words of the manifest', () => {
    const verdicts: [ResourceVerdict, string[]][] = [
      [
        decideRead(space, space.public, acme),
        ['compartments.summarise.label.secrecy', 'compartments.summarise.clearance.secrecy'],
      ],
      [decideWrite(space, acme, space.public), ['resources.notify.label.secrecy']],
      [decideCreate(space, acme, space.public, space.public), ['resources.notify.label.secrecy']],
    ];
    for (const [verdict, paths] of verdicts) {
      const { remedies } = explain(denied(verdict), { ...names, toKind: 'resource' });
      expect(remedies[0]?.changes.map(({ path }) => path)).toEqual(paths);
    }
  });

  it('there is none for a host that mislabels a message', () => {
    const { remedies, remedy } = explain(denied(decideCall(space, { ...call, request: space.public })), names);
    expect(remedies.map(({ changes }) => changes)).toEqual([[]]);
    expect(remedy).toContain('host program');
  });

  it('offers the host no gate on a link, since it has none', () => {
    const { remedies } = explain(denied(decideCall(space, { ...call, from: null })), names);
    expect(remedies.map(({ changes }) => changes.map(({ path }) => path))).toEqual([
      ['compartments.notify.clearance.secrecy'],
    ]);
  });
});

describe('an explanation', () => {
  it('says what, why and what to do', () => {
    const explanation = explain(denied(decideCall(space, call)), names);
    expect(explanation).toMatchObject({
      rule: 1,
      condition: 'clearance',
      from: '{customer:acme}',
      to: 'public',
      secrecy: ['customer:acme'],
      integrity: [],
    });
    expect(explanation.remedies.map(({ text }) => text)).toEqual([
      'add `customer:acme` to compartments.notify.clearance.secrecy',
      'add `customer:acme` to links[summarise -> notify].declassify, and add `customer:acme-` to compartments.summarise.grants',
    ]);
    expect(formatExplanation(explanation).split('\n')).toEqual([
      'denied by rule 1 (clearance): summarise may not call notify: it would run at {customer:acme}, and its clearance is public.',
      '  from        {customer:acme}',
      '  to          public',
      '  in the way  customer:acme',
      '  remedy      add `customer:acme` to compartments.notify.clearance.secrecy',
      '  or          add `customer:acme` to links[summarise -> notify].declassify, and add `customer:acme-` to compartments.summarise.grants',
    ]);
  });

  it('says why a gate stayed shut', () => {
    const tags = { declassify: ['customer:*'], endorse: [], requires: ['vetted'] };
    const explanation = explain(
      denied(decideCall(space, { ...call, linkGate: { tags, privileges: new Privileges(), isOpen: false } })),
      names,
    );
    expect(explanation.gates).toEqual([
      'the gate of the link released nothing: the request does not carry vetted',
      'the gate of the link released nothing: the privilege customer:*- is not held',
      'the gate of the link released nothing: its budget is used up',
    ]);
  });

  it('has a summary of its own for every condition that can deny', () => {
    const flow = fc.sample(flowsOf(space), { numRuns: 3000, seed: 3 });
    const labels = fc.sample(labelInputs, { numRuns: 60, seed: 3 }).map((input) => space.label(input));
    const calls = flow.map((asked) => decideCall(space, asked));
    const accesses = labels.flatMap((a) =>
      labels.flatMap((b) => [
        decideRead(space, a, b),
        decideWrite(space, a, b),
        decideCreate(space, a, b, a),
        decideCreate(space, a, a, b),
      ]),
    );
    const summaries = new Map<string, string>();
    const mask = (text: string) => text.replace(/\{[^}]*\}|public/g, 'L');
    for (const verdict of [...calls, ...accesses]) {
      if (verdict.allowed || verdict.action === 'post') continue;
      const { condition, summary } = explain(verdict, names satisfies Names);
      summaries.set(condition, mask(summary));
    }
    expect([...summaries.keys()].sort()).toEqual([
      'clearance',
      'container',
      'create',
      'read',
      'reply',
      'sent-no-higher',
      'sent-no-lower',
      'write',
    ]);
  });

  it('is plain text without colours, and no longer than the labels make it', () => {
    const text = formatExplanation(explain(denied(decideCall(space, call)), names));
    expect(text).toMatch(/^[\x20-\x7e\n]+$/);
    expect(text.endsWith('\n')).toBe(false);
  });
});
