import { type ClientOptions, createClient } from 'graphql-ws';
import { useServer } from 'graphql-ws/use/ws';
/** graphql-ws above the class with `graphqlTransportWs()`, and its real server. */
import { expect, onTestFinished, test } from 'vitest';

import { graphqlTransportWs } from '../../adapters/protocols/graphql-transport-ws.ts';
import { textOf, untilSo } from '../helpers/support.ts';
import { cabled } from './cabled.ts';
import { healthy, heartWith, patient } from './dialect-kit.ts';
import { schemaOf } from './servers/graphql.ts';

const schema = schemaOf('ticks', async function* tick() {
  for (let n = 1; ; n += 1) {
    yield n;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
});

async function serve() {
  const said: string[] = [];
  const stage = await cabled((server) => {
    server.on('connection', (socket) => socket.on('message', (data) => said.push(textOf(data))));
    useServer({ schema }, server);
  });
  return { ...stage, said };
}

function use(options: ClientOptions) {
  const story: string[] = [];
  const client = createClient({
    retryAttempts: Infinity,
    retryWait: () => new Promise((resolve) => setTimeout(resolve, 50)),
    shouldRetry: () => true,
    lazy: false,
    on: { connected: () => story.push('connected'), closed: () => story.push('closed') },
    ...options,
  });
  onTestFinished(() => client.dispose());
  return { story, client };
}

test('connects, exchanges, and comes back after a silent cut, its data arriving again', async () => {
  const { url, cable } = await serve();
  const { story, client } = use({ url, webSocketImpl: heartWith(graphqlTransportWs()).Class });
  const heard: unknown[] = [];
  onTestFinished(
    client.subscribe(
      { query: 'subscription { ticks }' },
      { next: ({ data }) => heard.push(data?.['ticks']), error: (error) => heard.push(error), complete: () => {} },
    ),
  );
  await untilSo(() => heard.length > 5);

  cable.silence();
  await untilSo(() => story.length === 2);
  const before = heard.length;
  cable.heal();
  await untilSo(() => heard.length > before + 5);
  expect(story).toEqual(['connected', 'closed', 'connected']);
  expect(heard.slice(0, before)).toEqual(heard.slice(0, before).map((_, i) => i + 1));
});

test('its keepAlive, above a healthy line: one dial, and each pong is of its own', async () => {
  const { url, cable, said } = await serve();
  const heart = heartWith(graphqlTransportWs(), patient);
  const pongs: unknown[] = [];
  let answered = 0;
  const { story } = use({
    url,
    webSocketImpl: heart.Class,
    keepAlive: healthy.pause,
    on: {
      connected: () => story.push('connected'),
      closed: () => story.push('closed'),
      pong: (isReceived, payload) => {
        answered += Number(isReceived);
        pongs.push(payload);
      },
    },
  });
  await untilSo(() => answered > healthy.beats && heart.asked > 5);
  expect(pongs).toEqual(pongs.map(() => undefined));
  expect(said.filter((each) => each.includes('systole'))).toHaveLength(heart.asked);
  expect(story).toEqual(['connected']);
  expect(cable.accepted).toBe(1);
});
