/** The stories, judged by Chromium's own class; and the drop-in class above it. */
import { expect, inject, onTestFinished, test } from 'vitest';

import { HeartbeatWebSocket } from '../../../adapters/drop-in.ts';
import { Rig } from '../rig/rig.ts';
import { standardSuite } from '../standard.ts';
import { uncaughtInPage } from './uncaught-page.ts';

standardSuite({ name: "Chromium's own WebSocket", WebSocket, hasBase: true, uncaught: uncaughtInPage });
standardSuite({
  name: 'HeartbeatWebSocket in Chromium',
  WebSocket: HeartbeatWebSocket.with({ retries: 0 }),
  hasBase: true,
  uncaught: uncaughtInPage,
});

test("an app may put it in the platform's place", async () => {
  const rig = await Rig.make(inject('rigs'));
  const platforms = window.WebSocket;
  onTestFinished(async () => {
    window.WebSocket = platforms;
    await rig.remove();
  });
  window.WebSocket = HeartbeatWebSocket.with({ retries: 0 });
  const socket = new WebSocket(rig.url);
  expect(socket).toBeInstanceOf(HeartbeatWebSocket);
  await new Promise((resolve) => socket.addEventListener('message', resolve));
  socket.close();
});
