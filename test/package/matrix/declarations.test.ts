/** The declarations, by the compilers that people use, with the lowest and the newest of what they stand on. */
import { join } from 'node:path';

import { afterAll, describe, expect, inject, test } from 'vitest';

import { faultsOf, type Resolution, settings } from '../declarations.ts';
import { lowest, newest, type Project, project } from './project.ts';

const compilers = ['typescript-5.4', 'typescript-5.9', 'typescript-6', 'typescript-7'];
const types = { '@types/node': '^20' };

const places: [which: string, resolution: Resolution, Project][] = [
  ['lowest', 'bundler', project({ ...lowest, ...types })],
  ['newest', 'nodenext', project({ ...newest, ...types })],
];
/** The others, which ask the same of a compiler, are asked of ours in ../declarations.test.ts. */
const asked = settings.filter(({ name }) => ['Node', 'a page'].includes(name));

afterAll(() => {
  for (const [, , { remove }] of places) remove();
});

describe.each(places)('with the %s versions, resolved by %s', (_, resolution, { folder }) => {
  describe.each(compilers)('%s', (compiler) => {
    test.each(asked)('$name', async (setting) => {
      expect(await faultsOf(join(inject('tools'), compiler, 'bin/tsc'), folder, setting, resolution)).toEqual([]);
    });
  });
});

test('Node of today has a WebSocket', async () => {
  const { folder, remove } = project({ ...newest, '@types/node': 'latest' });
  const tsc = join(inject('tools'), 'typescript-7', 'bin/tsc');
  const setting = { name: 'today', lib: ['es2023'], types: ['node'] };
  expect(
    await faultsOf(tsc, folder, { ...setting, programs: ['all', 'app', 'disposing', 'undici'] }, 'nodenext'),
  ).toEqual([]);
  remove();
});
