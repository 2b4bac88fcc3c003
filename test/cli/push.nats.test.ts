import { expect, onTestFinished, test } from 'vitest';

import { run } from '../helpers/command.ts';
import { startNats } from '../helpers/engines.ts';
import { describeThrough } from './through-engine.ts';

describeThrough({ name: 'NATS', scheme: 'nats', start: startNats });

test('a password opens NATS, and is never printed', async () => {
  const nats = await startNats('authorization { user: ann, password: "hunter2/@?" }');
  onTestFinished(() => nats.stop());
  const at = `127.0.0.1:${nats.port}`;
  const publish = run('publish', 'news', 'text', '--log', `nats://ann:hunter2%2F%40%3F@${at}`);
  expect(await publish.ended).toEqual({ code: 0, signal: null });
  expect(publish.stdout).toMatch(/^\S+\.1\n$/);
  for (const wrong of ['ann:hunter2@', 'hunter2@', '']) {
    const failed = run('publish', 'news', 'text', '--log', `nats://${wrong}${at}`);
    expect(await failed.ended).toEqual({ code: 1, signal: null });
    expect(failed.stderr).toBe(`systole publish: --log: NATS at ${at} has refused: AuthorizationError\n`);
  }
});
