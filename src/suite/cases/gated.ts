import type { Host } from '../../index.ts';
import type { Arena } from '../arena.ts';
import { EVERY } from '../lab.ts';

/** A guest with a gate on its one export, for attacks on who holds the privilege. */
export const gated = {
  wit: 'world guest { export show: func(n: u32) -> u32; export fail: func(); }',
  wat: `(module (memory (export "memory") 1) (func (export "show") (param i32) (result i32) (local.get 0)) (func (export "fail") unreachable))`,
  clearance: EVERY,
  grants: ['customer:*-'],
  gates: { show: { declassify: ['customer:*'] } },
};
export const GATED: Arena = { compartments: { gated } };

/** What of a customer's secrecy is left on what the gate shows. */
export async function shownAs(host: Host, target = 'gated.show', customer = 'acme'): Promise<readonly string[]> {
  return (await host.call(target, [1], { label: { secrecy: [`customer:${customer}`] } })).label.secrecy;
}
