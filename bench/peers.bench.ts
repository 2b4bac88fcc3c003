/**
 * What the benchmarks ask of a library, whichever it is: it hears and says in order, comes back to a server that has died, and ends. Who does not, cannot be measured.
 */
import { describe, expect, test } from 'vitest';

import { Child } from '../test/helpers/children/start.ts';
import { script } from './alternation.ts';
import { chosen } from './chosen.ts';
import { peerNames, peerOf } from './peers/index.mjs';

describe.concurrent.each(chosen(peerNames))('%s', (name) => {
  test.for([
    ['by itself', false],
    ['on systole', true],
  ] as const)('%s', async ([, onSystole], { onTestFinished, skip }) => {
    const { takesClass, carries } = await peerOf(name);
    if (onSystole && !takesClass) skip('it takes no class');
    const child = new Child(script('contract.mjs'), [name, String(onSystole)]);
    onTestFinished(() => child.end());
    expect({ code: await child.exited, errors: child.errors }).toMatchObject({ code: 0 });
    const payloads = ['one', 'two', 'three', ...(carries.includes('binary') ? [[0, 255, 1], [2]] : []), 'last'];
    const visit = (beginning: string) => [
      { event: beginning, clients: 1 },
      { event: 'told', payloads },
      { event: 'heard', payloads },
    ];
    expect(child.said).toMatchObject([...visit('opened'), ...(name === 'ws' ? [] : visit('returned'))]);
  });
});
