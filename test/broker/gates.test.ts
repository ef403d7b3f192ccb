import { describe, expect, it } from 'vitest';
import { GateBudgets } from '../../src/broker/gates.ts';
import { LabelSpace } from '../../src/label/index.ts';
import type { GatePolicy } from '../../src/policy/policy.ts';

const MINUTE_MS = 60_000;
const space = new LabelSpace([{ name: 'customer:*', kind: 'secrecy', owner: 'desk', isFamily: true }]);
const acme = space.label({ secrecy: ['customer:acme'] });
const globex = space.label({ secrecy: ['customer:globex'] });

function gate(budget: { calls?: number; bytes?: number }): GatePolicy {
  const rate = (amount: number | undefined) => (amount === undefined ? null : { amount, perMs: MINUTE_MS });
  return {
    declassify: ['customer:*'],
    endorse: [],
    requires: [],
    budget: { calls: rate(budget.calls), bytes: rate(budget.bytes) },
  };
}

function clock() {
  let nowMs = 1_000_000;
  return { now: () => nowMs, pass: (ms: number) => (nowMs += ms) };
}

describe('gate budgets', () => {
  it('allow exactly as many calls as they say, in each period', () => {
    const time = clock();
    const budgets = new GateBudgets(time.now);
    const policy = gate({ calls: 2 });
    const use = () => {
      const isOpen = budgets.isOpen('redact', policy, acme, 1);
      if (isOpen) budgets.reserve('redact', policy, acme, 1);
      return isOpen;
    };
    expect([use(), use(), use()]).toEqual([true, true, false]);
    time.pass(MINUTE_MS - 1);
    expect(use()).toBe(false);
    time.pass(1);
    expect([use(), use(), use()]).toEqual([true, true, false]);
  });

  it('are counted per label: one customer does not feel the other', () => {
    const budgets = new GateBudgets(clock().now);
    const policy = gate({ calls: 1 });
    budgets.reserve('redact', policy, acme, 1);
    expect([budgets.isOpen('redact', policy, acme, 1), budgets.isOpen('redact', policy, globex, 1)]).toEqual([
      false,
      true,
    ]);
  });

  it('are counted per gate', () => {
    const budgets = new GateBudgets(clock().now);
    const policy = gate({ calls: 1 });
    budgets.reserve('one', policy, acme, 1);
    expect(budgets.isOpen('other', policy, acme, 1)).toBe(true);
  });

  it('reserve the most that a message may release, and give back what it did not', () => {
    const budgets = new GateBudgets(clock().now);
    const policy = gate({ bytes: 100 });
    expect([budgets.isOpen('g', policy, acme, 100), budgets.isOpen('g', policy, acme, 101)]).toEqual([true, false]);
    const settle = budgets.reserve('g', policy, acme, 100);
    expect(budgets.isOpen('g', policy, acme, 1)).toBe(false);
    settle(30);
    expect([budgets.isOpen('g', policy, acme, 70), budgets.isOpen('g', policy, acme, 71)]).toEqual([true, false]);
  });

  it('give back once: what was measured first counts', () => {
    const budgets = new GateBudgets(clock().now);
    const policy = gate({ bytes: 100 });
    const settle = budgets.reserve('g', policy, acme, 60);
    settle(40);
    settle(0);
    expect([budgets.isOpen('g', policy, acme, 60), budgets.isOpen('g', policy, acme, 61)]).toEqual([true, false]);
  });

  it('never give back more than was reserved, nor to a later period', () => {
    const time = clock();
    const budgets = new GateBudgets(time.now);
    const policy = gate({ bytes: 100 });
    budgets.reserve('g', policy, acme, 10)(1000);
    expect(budgets.isOpen('g', policy, acme, 91)).toBe(false);
    const late = budgets.reserve('g', policy, acme, 50);
    time.pass(MINUTE_MS);
    expect(budgets.isOpen('g', policy, acme, 100)).toBe(true); // begins the next period
    late(0);
    expect(budgets.isOpen('g', policy, acme, 101)).toBe(false);
  });
});
