import { describe, expect, it } from 'vitest';
import { Grants } from '../../src/broker/grants.ts';
import { isCofferdamError } from '../../src/error.ts';
import { LabelSpace, parsePrivilege } from '../../src/label/index.ts';

function makeGrants(): Grants {
  return new Grants(
    new LabelSpace([
      { name: 'customer:*', kind: 'secrecy', owner: 'desk', isFamily: true },
      { name: 'vetted', kind: 'integrity', owner: 'audit', isFamily: false },
    ]),
  );
}

const change = (kind: 'grant' | 'delegate' | 'revoke', by: string, to: string, privilege: string) => ({
  kind,
  by,
  to,
  privilege,
});
const holds = (grants: Grants, who: string, text: string) => grants.heldBy(who).covers(parsePrivilege(text));

function codeOf(run: () => unknown): string | undefined {
  try {
    run();
  } catch (error) {
    return isCofferdamError(error) ? error.code : String(error);
  }
  return undefined;
}

describe('grants', () => {
  it('are given by the owner of the tag, and by nobody else', () => {
    const grants = makeGrants();
    grants.prepare(change('grant', 'desk', 'redact', 'customer:*-'))();
    expect(holds(grants, 'redact', 'customer:acme-')).toBe(true);
    expect(holds(grants, 'other', 'customer:acme-')).toBe(false);
    expect(codeOf(() => grants.prepare(change('grant', 'audit', 'redact', 'customer:*-')))).toBe('GRANT_NOT_OWNER');
    expect(codeOf(() => grants.prepare(change('revoke', 'audit', 'redact', 'customer:*-')))).toBe('GRANT_NOT_OWNER');
  });

  it('take effect when committed, not when prepared, and begin a new epoch', () => {
    const grants = makeGrants();
    const { epoch } = grants;
    const commit = grants.prepare(change('grant', 'desk', 'redact', 'customer:*-'));
    expect([holds(grants, 'redact', 'customer:acme-'), grants.epoch]).toEqual([false, epoch]);
    commit();
    expect([holds(grants, 'redact', 'customer:acme-'), grants.epoch]).toEqual([true, epoch + 1]);
  });

  it('are passed on as they are or narrower, never wider', () => {
    const grants = makeGrants();
    grants.prepare(change('grant', 'desk', 'one', 'customer:acme-'))();
    grants.prepare(change('delegate', 'one', 'two', 'customer:acme-'))();
    expect(holds(grants, 'two', 'customer:acme-')).toBe(true);
    expect(codeOf(() => grants.prepare(change('delegate', 'one', 'two', 'customer:globex-')))).toBe('GRANT_AMPLIFIES');
    expect(codeOf(() => grants.prepare(change('delegate', 'one', 'two', 'customer:*-')))).toBe('GRANT_AMPLIFIES');
    expect(codeOf(() => grants.prepare(change('delegate', 'one', 'two', 'vetted+')))).toBe('GRANT_AMPLIFIES');
  });

  it('are revoked with all that was delegated from them', () => {
    const grants = makeGrants();
    grants.prepare(change('grant', 'desk', 'one', 'customer:*-'))();
    grants.prepare(change('delegate', 'one', 'two', 'customer:acme-'))();
    grants.prepare(change('delegate', 'two', 'three', 'customer:acme-'))();
    grants.prepare(change('grant', 'desk', 'four', 'customer:acme-'))();
    grants.prepare(change('revoke', 'desk', 'one', 'customer:*-'))();
    expect(['one', 'two', 'three', 'four'].map((who) => holds(grants, who, 'customer:acme-'))).toEqual([
      false,
      false,
      false,
      true,
    ]);
  });

  it('stay while their giver holds the privilege from somebody else, whoever came first', () => {
    const grants = makeGrants();
    grants.prepare(change('grant', 'desk', 'one', 'customer:*-'))();
    grants.prepare(change('delegate', 'one', 'two', 'customer:*-'))();
    grants.prepare(change('delegate', 'two', 'three', 'customer:acme-'))();
    grants.prepare(change('grant', 'desk', 'two', 'customer:acme-'))();
    grants.prepare(change('revoke', 'desk', 'one', 'customer:*-'))();
    expect(['one', 'two', 'three'].map((who) => holds(grants, who, 'customer:acme-'))).toEqual([false, true, true]);
    expect(holds(grants, 'two', 'customer:globex-')).toBe(false);
  });

  it('that two passed to each other do not keep each other alive', () => {
    const grants = makeGrants();
    grants.prepare(change('grant', 'desk', 'one', 'customer:acme-'))();
    grants.prepare(change('delegate', 'one', 'two', 'customer:acme-'))();
    grants.prepare(change('delegate', 'two', 'one', 'customer:acme-'))();
    expect(grants.list()).toHaveLength(3);
    // Revoking takes every grant of it to `one`, also the one that came back.
    grants.prepare(change('revoke', 'desk', 'one', 'customer:acme-'))();
    expect([holds(grants, 'one', 'customer:acme-'), holds(grants, 'two', 'customer:acme-')]).toEqual([false, false]);
  });

  it('cannot be narrowed by revoking a part: the wider grant is named', () => {
    const grants = makeGrants();
    grants.prepare(change('grant', 'desk', 'one', 'customer:*-'))();
    const code = codeOf(() => grants.prepare(change('revoke', 'desk', 'one', 'customer:acme-')));
    expect([code, holds(grants, 'one', 'customer:acme-')]).toEqual(['GRANT_UNKNOWN', true]);
    expect(codeOf(() => grants.prepare(change('revoke', 'desk', 'nobody', 'customer:*-')))).toBe('GRANT_UNKNOWN');
  });

  it('are of declared tags only', () => {
    expect(codeOf(() => makeGrants().prepare(change('grant', 'desk', 'one', 'unheard-')))).toBe('LABEL_TAG_UNDECLARED');
    expect(codeOf(() => makeGrants().prepare(change('grant', 'desk', 'one', 'Customer-')))).toBe('LABEL_TAG_SYNTAX');
  });

  it('of a compartment that is gone go with it', () => {
    const grants = makeGrants();
    grants.prepare(change('grant', 'desk', 'one', 'customer:acme-'))();
    grants.prepare(change('delegate', 'one', 'two', 'customer:acme-'))();
    grants.forget('one');
    expect(grants.list()).toEqual([]);
  });
});
