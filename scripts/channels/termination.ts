import type { Guest } from '../../src/suite/arena.ts';
import { codeOf, type Lab } from '../../src/suite/lab.ts';
import { ACME, type Channel, type Line, PUBLIC, persist, yesOrNo } from './channel.ts';

/** Ends well for a 0, and by a trap for a 1; says nothing either way. */
const quitter = (gate: object | null): Guest => ({
  wit: 'world guest { export encode: func(bit: u32); }',
  wat: '(module (func (export "encode") (param i32) (if (local.get 0) (then unreachable))))',
  clearance: { secrecy: ['customer:*'] },
  restart: { policy: 'restart', ceiling: '1000/s' },
  ...(gate === null ? {} : { grants: ['customer:*-'], gates: { encode: { declassify: ['customer:*'], ...gate } } }),
});

interface Failure {
  readonly details: { readonly label?: { readonly secrecy: readonly string[] } };
}

/** Whoever calls through a gate that releases sees whether the call failed, if what is seen has no secrecy any more. */
async function openGate(lab: Lab, gate: object): Promise<Line> {
  const host = await lab.make({ compartments: { quitter: quitter(gate) } });
  return {
    async send(bit) {
      const label = await persist(() => host.call('quitter.encode', [bit], ACME)).then(
        (reply) => reply.label,
        (failure: Failure) => ({ ...failure.details.label, hasFailed: true }),
      );
      if ((label.secrecy ?? ['unknown']).length > 0) return 0; // not for the decoder's eyes
      return 'hasFailed' in label ? 1 : 0;
    },
    [Symbol.asyncDispose]: () => host.close(),
  };
}

/** Without a gate: does the same compartment, called without secrecy, show how it ended at the other label? */
async function openOther(lab: Lab): Promise<Line> {
  const host = await lab.make({ compartments: { quitter: quitter(null) } });
  return {
    async send(bit) {
      await codeOf(() => persist(() => host.call('quitter.encode', [bit], ACME)));
      return (await codeOf(() => host.call('quitter.encode', [0], PUBLIC))) === undefined ? 0 : 1;
    },
    [Symbol.asyncDispose]: () => host.close(),
  };
}

export const termination: Channel = {
  number: 62,
  name: 'termination',
  settings: [
    yesOrNo('through a gate without a budget', false, (lab) => openGate(lab, {})),
    {
      ...yesOrNo('through a gate, `budget: { calls: 100/h }`', true, (lab) =>
        openGate(lab, { budget: { calls: '100/h' } }),
      ),
      budget: { uses: 100, seconds: 3600 },
    },
    yesOrNo('without a gate, at another label', true, openOther),
  ],
};
