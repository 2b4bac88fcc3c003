/** The stories, judged by Chromium's own class; and the drop-in class above it. */
import { afterEach, describe, expect, inject, onTestFinished, test } from 'vitest';

import { HeartbeatWebSocket } from '../../../adapters/drop-in.ts';
import { connect } from '../../../adapters/index.ts';
import { silent } from '../../../adapters/protocols/silent.ts';
import { interfaceSuite } from '../interface.ts';
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

interfaceSuite("Chromium's own WebSocket", WebSocket);
interfaceSuite('HeartbeatWebSocket in Chromium', HeartbeatWebSocket, true);
interfaceSuite('HeartbeatWebSocket.with({ retries: 0 }) in Chromium', HeartbeatWebSocket.with({ retries: 0 }));

describe('a global that was replaced', () => {
  const platforms = window.WebSocket;
  afterEach(() => {
    window.WebSocket = platforms;
  });

  /** Constructs what it was given to, and counts. */
  function counting(Kind: typeof WebSocket) {
    const count = { made: 0 };
    const Wrapper = function WebSocket(url: string, protocols?: string[]) {
      count.made += 1;
      return new Kind(url, protocols);
    } as unknown as typeof WebSocket;
    return { count, Wrapper };
  }

  const replacements: Record<string, (Ours: typeof WebSocket) => typeof WebSocket> = {
    'by ours': (Ours) => Ours,
    'by a wrapper of ours': (Ours) => counting(Ours).Wrapper,
    'by a wrapper of a wrapper of ours': (Ours) => counting(counting(Ours).Wrapper).Wrapper,
    'by a wrapper of ours with its prototype': (Ours) =>
      Object.assign(counting(Ours).Wrapper, { prototype: Ours.prototype }),
    'by a Proxy of ours': (Ours) => new Proxy(Ours, {}),
    'by a Proxy that constructs ours': (Ours) =>
      new Proxy(platforms, { construct: (_, given: [string, string[]]) => new Ours(...given) }),
    'by a class that extends ours': (Ours) => class extends Ours {},
  };
  const ours: Record<string, typeof WebSocket> = {
    HeartbeatWebSocket,
    'with()': HeartbeatWebSocket.with({ retries: 0 }),
  };

  test.each(
    Object.entries(replacements).flatMap(([how, replace]) =>
      Object.entries(ours).map(([name, Ours]) => [`${how}: ${name}`, replace, Ours] as const),
    ),
  )('%s', async (_, replace, Ours) => {
    const rig = await Rig.make(inject('rigs'));
    onTestFinished(() => rig.remove());
    window.WebSocket = replace(Ours);
    const socket = new WebSocket(rig.url);
    onTestFinished(() => socket.close());
    expect(socket).toBeInstanceOf(HeartbeatWebSocket);
    await new Promise((resolve) => socket.addEventListener('message', resolve));
    const connection = connect(rig.url, { protocol: silent() });
    onTestFinished(() => connection.close());
    await new Promise((resolve) => connection.on('message', resolve));
    expect(await rig.seen('opened')).toHaveLength(2);
  });

  test('its wrapper is constructed once for the app, and once for a dial', async () => {
    const rig = await Rig.make(inject('rigs'));
    onTestFinished(() => rig.remove());
    const { count, Wrapper } = counting(HeartbeatWebSocket);
    window.WebSocket = Wrapper;
    const socket = new WebSocket(rig.url);
    onTestFinished(() => socket.close());
    await new Promise((resolve) => socket.addEventListener('message', resolve));
    expect(count.made).toBe(2);
  });
});
