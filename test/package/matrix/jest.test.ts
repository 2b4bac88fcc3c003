/** In Jest's jsdom it stands on jsdom's WebSocket, with which dials are made here, to a real server. */
import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';

import { serveHeartbeats } from '../../../adapters/server.ts';
import { Command, started } from '../../helpers/command.ts';
import { listen } from '../../helpers/support.ts';
import { newest, type Project, project } from './project.ts';

const tools = inject('tools');
let place: Project;
beforeAll(() => {
  place = project(newest);
});
afterAll(() => place.remove());

const kinds = {
  ESM: { file: 'page.test.mjs', flags: ['--experimental-vm-modules'], config: { transform: {} } },
  CommonJS: {
    file: 'page.test.cjs',
    flags: [],
    config: {
      transform: {
        '\\.c?js$': [join(tools, 'babel-jest'), { plugins: [join(tools, '@babel/plugin-transform-modules-commonjs')] }],
      },
      transformIgnorePatterns: ['node_modules/(?!systole/)'],
    },
  },
};

describe.each(Object.entries(kinds))('as %s', (_, { file, flags, config }) => {
  test.each([[undefined], [['node', 'node-addons', 'browser']]])('asked for %j', async (customExportConditions) => {
    const agents: (string | undefined)[] = [];
    const { server, url } = await listen((socket, __, { headers }) => {
      agents.push(headers['user-agent']);
      socket.on('message', (data, isBinary) => socket.send(data as Buffer, { binary: isBinary }));
    });
    serveHeartbeats(server);
    copyFileSync(new URL('page.test.mjs', import.meta.url), join(place.folder, file));
    writeFileSync(
      join(place.folder, 'jest.config.json'),
      JSON.stringify({
        testEnvironment: join(tools, 'jest-environment-jsdom'),
        ...(customExportConditions && { testEnvironmentOptions: { customExportConditions } }),
        testMatch: [`**/${file}`],
        ...config,
      }),
    );
    process.env['FAR_END'] = url;
    const jest = started(
      new Command(process.execPath, [
        ...flags,
        join(tools, 'jest/bin/jest.js'),
        '--config',
        join(place.folder, 'jest.config.json'),
        '--ci',
      ]),
    );
    const { code } = await jest.ended;
    expect(jest.stderr).toContain('2 passed, 2 total');
    expect(code).toBe(0);
    expect(agents).toEqual([expect.stringContaining('jsdom'), expect.stringContaining('jsdom')]);
  });
});
