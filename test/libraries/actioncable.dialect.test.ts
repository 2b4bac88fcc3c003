/** `@rails/actioncable` above the class with `actionCable()`, and a small server that speaks `actioncable-v1-json`. */
import { adapters, ConnectionMonitor, createConsumer } from '@rails/actioncable';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { WebSocket } from 'ws';

import { actionCable } from '../../adapters/protocols/actioncable.ts';
import { textOf, untilSo } from '../helpers/support.ts';
import { cabled } from './cabled.ts';
import { heartWith } from './dialect-kit.ts';

/** Only those who have been welcomed are told anything, as Rails has it. */
function cableServer(isWelcome = true) {
  const commands: string[] = [];
  const subscribed = new Set<WebSocket>();
  const said = (socket: WebSocket, message: object) => socket.send(JSON.stringify(message));
  return {
    commands,
    subscribed,
    tell: (message: unknown) => {
      for (const socket of subscribed) said(socket, { identifier, message });
    },
    dismiss: (reason: string, reconnect: boolean) => {
      for (const socket of subscribed) said(socket, { type: 'disconnect', reason, reconnect });
    },
    serve: async (beat = 200) =>
      cabled(
        (server) =>
          server.on('connection', (socket) => {
            if (!isWelcome) return said(socket, { type: 'disconnect', reason: 'unauthorized', reconnect: false });
            said(socket, { type: 'welcome' });
            const pings = setInterval(
              () => said(socket, { type: 'ping', message: Math.floor(Date.now() / 1_000) }),
              beat,
            );
            socket.on('close', () => {
              clearInterval(pings);
              subscribed.delete(socket);
            });
            socket.on('message', (data) => {
              const { command } = JSON.parse(textOf(data));
              commands.push(command);
              if (command !== 'subscribe') return;
              subscribed.add(socket);
              said(socket, { type: 'confirm_subscription', identifier });
            });
          }),
        { handleProtocols: (offered) => offered.has('actioncable-v1-json') && 'actioncable-v1-json' },
      ),
  };
}

const identifier = '{"channel":"News"}';

function use(url: string, { Class } = heartWith(actionCable({ interval: 1_000 }))) {
  vi.stubGlobal('addEventListener', () => {});
  vi.stubGlobal('removeEventListener', () => {});
  vi.stubGlobal('document', { visibilityState: 'visible' });
  adapters.WebSocket = Class;
  const consumer = createConsumer(url);
  const story: string[] = [];
  const news = consumer.subscriptions.create('News', {
    connected: ({ reconnected }: { reconnected: boolean }) => story.push(reconnected ? 'connected again' : 'connected'),
    disconnected: ({ willAttemptReconnect }: { willAttemptReconnect: boolean }) =>
      story.push(willAttemptReconnect ? 'disconnected' : 'disconnected for good'),
    received: (message: string) => story.push(message),
  });
  onTestFinished(() => {
    consumer.disconnect();
    vi.unstubAllGlobals();
  });
  return { story, consumer, news };
}

test('connects, exchanges, and comes back after a silent cut, its data arriving again', async () => {
  const { tell, serve } = cableServer();
  const { url, cable } = await serve();
  const { story } = use(url);
  await untilSo(() => story.length === 1);
  tell('one');
  await untilSo(() => story.length === 2);

  cable.silence();
  // By itself it would notice after six seconds, and say so when it has closed.
  await untilSo(() => story.length === 3);
  cable.heal();
  await untilSo(() => story.length === 4);
  tell('two');
  await untilSo(() => story.length === 5);
  expect(story).toEqual(['connected', 'one', 'disconnected', 'connected again', 'two']);
});

test('its monitor hears the pings: on a line with nothing else it stays', async () => {
  const { serve, commands } = cableServer();
  const { url, cable } = await serve();
  const { consumer } = use(url);
  const { connection } = consumer;
  await untilSo(() => commands.length === 1);
  const { pingedAt } = connection.monitor;
  await untilSo(() => connection.monitor.pingedAt > pingedAt + 1_000 * ConnectionMonitor.staleThreshold);
  expect(connection.monitor.reconnectAttempts).toBe(0);
  expect(cable.accepted).toBe(1);
});

test('a dismissal for good is one for the library: it dials no more', async () => {
  const { serve, dismiss, subscribed } = cableServer();
  const { url } = await serve();
  const { story, consumer } = use(url);
  await untilSo(() => subscribed.size === 1 && story.length === 1);
  dismiss('remote', false);
  await untilSo(() => story.length === 2);
  expect(story).toEqual(['connected', 'disconnected for good']);
  expect(consumer.connection.monitor.isRunning()).toBeFalsy();
});

test('so is one before any welcome', async () => {
  const { serve } = cableServer(false);
  const { url, cable } = await serve();
  const { story, consumer } = use(url);
  await untilSo(() => story.length === 1);
  expect(story).toEqual(['disconnected for good']);
  expect(consumer.connection.monitor.isRunning()).toBeFalsy();
  expect(cable.accepted).toBe(1);
});
