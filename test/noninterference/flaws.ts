import { RULES, type RuleTable } from '../../src/label/index.ts';
import { type Semantics, SOUND } from './model.ts';

/** One way in which a host may be broken. */
export interface Flaw {
  readonly name: string;
  readonly semantics: Semantics;
}

/** Each condition of the rule table left out in turn, and what all labels must not share, shared. */
export const FLAWS: readonly Flaw[] = [
  ...Object.entries(RULES).flatMap(([part, conditions]: [string, readonly { readonly name: string }[]]) =>
    conditions.map((dropped) => {
      const rules = { ...RULES, [part]: conditions.filter((each) => each !== dropped) } as RuleTable;
      return { name: `${part}/${dropped.name}`, semantics: { ...SOUND, rules } };
    }),
  ),
  { name: 'one instance for all labels', semantics: { ...SOUND, isInstanceShared: true } },
  { name: 'one queue for all labels', semantics: { ...SOUND, isQueueShared: true } },
  { name: 'one budget for all labels', semantics: { ...SOUND, isBudgetShared: true } },
];

/** Those that no world of ours can show, each with the reason. test/label/mutation.test.ts has a guarantee for each. */
export const OUT_OF_REACH: Readonly<Record<string, string>> = {
  'flow/sent-no-lower': 'a guest cannot say at which label it speaks: the broker takes that of its instance',
  'flow/sent-no-higher': 'as above',
  'flow/read': 'no guest reads a resource other than by a call, to which `reply` applies',
  'flow/write': 'no guest writes a resource other than by a call or post, to which `clearance` applies',
  'flow/create': 'no resource lets a guest create anything',
  'flow/container': 'as above',
  'grant/holder': 'a delegation whose giver does not hold the privilege is not kept either (src/broker/grants.ts)',
  'grant/no-secrecy': 'no guest can change grants: only the program can',
};
