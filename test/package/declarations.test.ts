/** Whatever libraries users compile with, our declarations compile, and say what there is. Other compilers than ours are asked in matrix/. */
import { resolve } from 'node:path';

import { afterAll, expect, test } from 'vitest';

import { faultsOf, type Setting, settings } from './declarations.ts';
import { packed } from './packed.ts';

const tsc = resolve('node_modules/typescript/bin/tsc');
const plain = packed(['ws', 'xstate', 'worker-timers', '@types/node', 'undici-types']);
const typed = packed(['ws', 'xstate', 'worker-timers', '@types/node', 'undici-types', '@types/ws']);

const viewed = packed([
  'ws',
  'xstate',
  'worker-timers',
  '@types/node',
  'undici-types',
  '@types/react',
  'csstype',
  'vue',
  '@vue',
]);

afterAll(() => {
  plain.remove();
  viewed.remove();
  typed.remove();
});

test.each(settings)('$name', async (setting) => {
  const { folder } = setting.programs.includes('ws') ? typed : plain;
  expect(await faultsOf(tsc, folder, setting, 'bundler')).toEqual([]);
  expect(await faultsOf(tsc, folder, setting, 'nodenext')).toEqual([]);
});

test('in views', async () => {
  const setting: Setting = {
    name: 'in views',
    lib: ['es2022', 'dom', 'dom.iterable'],
    types: ['node'],
    programs: ['app', 'views'],
  };
  expect(await faultsOf(tsc, viewed.folder, setting, 'bundler')).toEqual([]);
  expect(await faultsOf(tsc, viewed.folder, setting, 'nodenext')).toEqual([]);
});
