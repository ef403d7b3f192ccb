import { afterAll, describe, expect, it, vi } from 'vitest';
import { RULES, type RuleTable } from '../../src/label/index.ts';
import type { Case } from '../../src/suite/case.ts';
import type { tryCase } from '../../src/suite/verdict.ts';

/*
 * Would the suite notice a host that is broken? Each condition of the rule table is taken out of a host in turn, and some
 * case must find what comes through.
 */
const mutants = Object.entries(RULES).flatMap(([part, conditions]: [string, readonly { readonly name: string }[]]) =>
  conditions.map(({ name }, dropped) => ({
    name: `${part}/${name}`,
    rules: { ...RULES, [part]: conditions.filter((_, i) => i !== dropped) } as RuleTable,
  })),
);

/** Conditions that no case can find missing, each with the reason. */
const OUT_OF_REACH: Readonly<Record<string, string>> = {
  'flow/sent-no-lower': 'a guest cannot say at which label it speaks: the broker takes that of its instance',
  'flow/sent-no-higher': 'as above',
  'flow/read': 'no guest reads a resource other than by a call, to which `reply` applies',
  'flow/write': 'no guest writes a resource other than by a call, to which `clearance` applies',
  'flow/create': 'no resource lets a guest create anything',
  'flow/container': 'as above',
  'grant/no-secrecy': 'no guest can change grants: only the program can',
};

/** The suite over a host with these rules: all modules anew. */
async function suiteOver(rules: RuleTable): Promise<{ CASES: readonly Case[]; tryCase: typeof tryCase }> {
  vi.resetModules();
  vi.doMock('../../src/label/rules.ts', async (original) => ({ ...(await original<object>()), RULES: rules }));
  const [{ CASES }, verdict] = await Promise.all([
    import('../../src/suite/all-cases.ts'),
    import('../../src/suite/verdict.ts'),
  ]);
  return { CASES, tryCase: verdict.tryCase };
}

const isAboutFlow = ({ group }: Case) => group === 'Flow' || group === 'Gates and grants';

afterAll(() => void vi.doUnmock('../../src/label/rules.ts'));

describe('a host without one of its rules is found out', () => {
  it.each(mutants.filter(({ name }) => !(name in OUT_OF_REACH)))('$name', async ({ rules }) => {
    const suite = await suiteOver(rules);
    const found: string[] = [];
    for (const each of suite.CASES.filter(isAboutFlow)) {
      const { outcome } = await suite.tryCase(each, {});
      if (outcome === 'breach') found.push(each.name);
      if (found.length > 0) break;
    }
    expect(found).not.toEqual([]);
  });

  it('of those that are said to be out of reach each is there', () => {
    const names = mutants.map(({ name }) => name);
    expect(Object.keys(OUT_OF_REACH).filter((name) => !names.includes(name))).toEqual([]);
  });

  it('and one with all of them is not', async () => {
    const suite = await suiteOver(RULES);
    const tried = suite.CASES.find(({ number }) => number === 1);
    expect(tried && (await suite.tryCase(tried, {})).outcome).toBe('passed');
  });
});
