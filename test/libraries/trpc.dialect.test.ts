/** `wsLink` of tRPC above the class with `trpc()`, and its real server. */
import { createTRPCClient, createWSClient, wsLink, type WebSocketClientOptions } from '@trpc/client';
import { initTRPC, tracked } from '@trpc/server';
import { applyWSSHandler, type WSSHandlerOptions } from '@trpc/server/adapters/ws';
import { expect, onTestFinished, test } from 'vitest';

import { trpc } from '../../adapters/protocols/trpc.ts';
import { textOf, untilSo } from '../helpers/support.ts';
import { cabled } from './cabled.ts';
import { healthy, heartWith, patient } from './dialect-kit.ts';

const { procedure, router } = initTRPC.context<{ who: string | undefined }>().create();
const appRouter = router({
  whoami: procedure.query(({ ctx }) => ctx.who ?? 'nobody'),
  ticks: procedure
    .input((input) => input as { lastEventId?: string } | undefined)
    .subscription(async function* tick({ input }) {
      for (let n = Number(input?.lastEventId ?? 0) + 1; ; n += 1) {
        yield tracked(String(n), n);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }),
});

async function serve(options: Partial<WSSHandlerOptions<typeof appRouter>> = {}) {
  const said: string[] = [];
  let handler: { broadcastReconnectNotification: () => void } | undefined;
  const stage = await cabled((server) => {
    server.on('connection', (socket) => socket.on('message', (data) => said.push(textOf(data))));
    handler = applyWSSHandler({
      wss: server,
      router: appRouter,
      createContext: ({ info }) => ({ who: info.connectionParams?.['who'] }),
      ...options,
    });
  });
  return { ...stage, said, handler: handler! };
}

function use(options: WebSocketClientOptions) {
  const story: string[] = [];
  const client = createWSClient({
    retryDelayMs: () => 50,
    onOpen: () => story.push('open'),
    onClose: () => story.push('close'),
    ...options,
  });
  onTestFinished(() => client.close());
  return { story, calls: createTRPCClient<typeof appRouter>({ links: [wsLink({ client })] }) };
}

test('connects, exchanges, and comes back after a silent cut, its data arriving again', async () => {
  const { url, cable } = await serve();
  const { story, calls } = use({ url, WebSocket: heartWith(trpc()).Class, connectionParams: { who: 'ann' } });
  expect(await calls.whoami.query()).toBe('ann');
  const heard: number[] = [];
  const ticks = calls.ticks.subscribe(undefined, { onData: ({ data }) => heard.push(data) });
  onTestFinished(() => ticks.unsubscribe());
  await untilSo(() => heard.length > 5);

  cable.silence();
  await untilSo(() => story.length === 2);
  expect(story).toEqual(['open', 'close']);
  const before = heard.length;

  cable.heal();
  await untilSo(() => heard.length > before + 5);
  expect(story).toEqual(['open', 'close', 'open']);
  expect(heard).toEqual(heard.map((_, i) => i + 1));
  expect(await calls.whoami.query()).toBe('ann');
});

test('keepAlive of both its ends, above a healthy line: one dial', async () => {
  const { url, cable, said } = await serve({ keepAlive: { enabled: true, pingMs: 300, pongWaitMs: healthy.patience } });
  const heart = heartWith(trpc(), patient);
  const keepAlive = { enabled: true, intervalMs: healthy.pause, pongTimeoutMs: healthy.patience };
  const { story, calls } = use({ url, WebSocket: heart.Class, keepAlive, connectionParams: { who: 'ann' } });
  // The first one is answered before anything is lost.
  expect(await calls.whoami.query()).toBe('ann');
  const theirs = () => said.filter((each) => each === 'PING').length - heart.asked;
  await untilSo(() => theirs() > healthy.beats && heart.asked > 5);
  expect(await calls.whoami.query()).toBe('ann');
  expect(story).toEqual(['open']);
  expect(cable.accepted).toBe(1);
});

test('the server asks to be left: the library moves to a new line, and ends the old one', async () => {
  const { url, cable, handler } = await serve();
  const { calls } = use({ url, WebSocket: heartWith(trpc(), patient).Class });
  const heard: number[] = [];
  const ticks = calls.ticks.subscribe(undefined, { onData: ({ data }) => heard.push(data) });
  onTestFinished(() => ticks.unsubscribe());
  await untilSo(() => heard.length > 5);
  handler.broadcastReconnectNotification();
  await untilSo(() => cable.accepted === 2 && cable.links.length === 1);
  const before = heard.length;
  await untilSo(() => heard.length > before + 5);
  expect(heard.at(-1)).toBeGreaterThan(before);
});
