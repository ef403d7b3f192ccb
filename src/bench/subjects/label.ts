import { LabelSpace } from '../../label/index.ts';
import { assertRight, type MakeSubject } from '../row.ts';

const LABELS = 32;

/** May a message at one label go to another? Asked of all pairs of 32 labels, all met before, as in a running host. */
export const canFlow: MakeSubject = async () => {
  const space = new LabelSpace([{ name: 'member:*', kind: 'secrecy', owner: 'owner', isFamily: true }]);
  const labels = Array.from({ length: LABELS }, (_, i) =>
    space.label({ secrecy: Array.from({ length: i }, (_, tag) => `member:m${tag}`) }),
  );
  const pairs = labels.flatMap((from) => labels.map((to) => [from, to] as const));
  return {
    run(count) {
      let flows = 0;
      for (let i = 0; i < count; i += pairs.length)
        for (const [from, to] of pairs) if (space.canFlow(from, to)) flows += 1;
      assertRight('cofferdam', flows, Math.ceil(count / pairs.length) * ((LABELS * (LABELS + 1)) / 2));
    },
    counts: [pairs.length * 64, pairs.length * 64],
  };
};
