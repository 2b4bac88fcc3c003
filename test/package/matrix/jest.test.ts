/** In Jest's jsdom it stands on jsdom's WebSocket, with which dials are made here, to a real server. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, inject, test } from 'vitest';

import { serveHeartbeats } from '../../../adapters/server.ts';
import { Command, started } from '../../helpers/command.ts';
import { listen } from '../../helpers/support.ts';
import { newest, type Project, project } from './project.ts';
import { life, note, rowsOf } from './rows.ts';
import { versionIn } from './runtimes.ts';
import { stage } from './stage.ts';

const tools = inject('tools');
let place: Project;
beforeAll(() => {
  place = project(newest);
});
afterAll(() => place.remove());

const kinds = {
  ESM: { suffix: 'mjs', flags: ['--experimental-vm-modules'], config: { transform: {} } },
  CommonJS: {
    suffix: 'cjs',
    flags: [],
    config: {
      transform: {
        '\\.c?js$': [join(tools, 'babel-jest'), { plugins: [join(tools, '@babel/plugin-transform-modules-commonjs')] }],
      },
      transformIgnorePatterns: ['node_modules/(?!systole/)'],
    },
  },
};

test.for(rowsOf('projects', 'Jest with jsdom'))('as $where', async (row, context) => {
  const { suffix, flags, config } = kinds[row.where as keyof typeof kinds];
  // Where Jest loads no modules, an ending says so.
  for (const name of ['page.test', 'live']) {
    const text = readFileSync(new URL(`${name}.mjs`, import.meta.url), 'utf8');
    writeFileSync(join(place.folder, `${name}.${suffix}`), text.replace('./live.mjs', `./live.${suffix}`));
  }
  for (const customExportConditions of [undefined, ['node', 'node-addons', 'browser']]) {
    const agents: (string | undefined)[] = [];
    const { server, url } = await listen((socket, __, { headers }) => {
      agents.push(headers['user-agent']);
      socket.on('message', (data, isBinary) => socket.send(data as Buffer, { binary: isBinary }));
    });
    serveHeartbeats(server);
    const { url: cabled, lead } = await stage();
    writeFileSync(
      join(place.folder, 'jest.config.json'),
      JSON.stringify({
        testEnvironment: join(tools, 'jest-environment-jsdom'),
        ...(customExportConditions && { testEnvironmentOptions: { customExportConditions } }),
        testMatch: [`**/page.test.${suffix}`],
        testTimeout: 60_000,
        ...config,
      }),
    );
    process.env['FAR_END'] = url;
    process.env['CABLED'] = cabled;
    const jest = started(
      new Command(process.execPath, [
        ...flags,
        join(tools, 'jest/bin/jest.js'),
        '--config',
        join(place.folder, 'jest.config.json'),
        '--ci',
      ]),
    );
    await lead(jest);
    const { code } = await jest.ended;
    expect(jest.stderr).toContain('3 passed, 3 total');
    expect(code).toBe(0);
    expect(agents).toEqual([expect.stringContaining('jsdom'), expect.stringContaining('jsdom')]);
  }
  note(context, row, {
    version: `${versionIn('jest')}, jsdom ${versionIn('jsdom')}`,
    shown: `${life}, on jsdom's WebSocket`,
  });
});
