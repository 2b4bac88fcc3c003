/** Whatever libraries users compile with, our declarations compile, and say what there is. Other compilers than ours are asked in matrix/. */
import { resolve } from 'node:path';

import { afterAll, expect, test } from 'vitest';

import { faultsOf, settings } from './declarations.ts';
import { packed } from './packed.ts';

const tsc = resolve('node_modules/typescript/bin/tsc');
const plain = packed(['ws', 'xstate', 'worker-timers', '@types/node', 'undici-types']);
const typed = packed(['ws', 'xstate', 'worker-timers', '@types/node', 'undici-types', '@types/ws']);

afterAll(() => {
  plain.remove();
  typed.remove();
});

test.each(settings)('$name', async (setting) => {
  const { folder } = setting.programs.includes('ws') ? typed : plain;
  expect(await faultsOf(tsc, folder, setting, 'bundler')).toEqual([]);
  expect(await faultsOf(tsc, folder, setting, 'nodenext')).toEqual([]);
});
