// Does my server keep its side? Every path of a connection's life, each a test: node --test examples/check-server.test.mjs
import { once } from 'node:events';
import { after, test } from 'node:test';

import { serveHeartbeats } from 'systole/server';
import { connectionModel, faultProxy } from 'systole/testing';
import { WebSocketServer } from 'ws';

const server = new WebSocketServer({ port: 0, host: '127.0.0.1' }); // yours
serveHeartbeats(server);
await once(server, 'listening');
const proxy = await faultProxy(server.address().port);

const model = connectionModel({
  url: `ws://127.0.0.1:${proxy.port}`,
  cut: () => proxy.silence(), // nothing passes, and both ends stay open
  heal: () => proxy.heal(),
  drop: () => proxy.reset(), // ends what is connected, without a word
  stop: () => proxy.refuse(), // dials are refused
  start: () => proxy.heal(),
  push() {
    for (const client of server.clients) client.send('news');
  },
});

for (const path of model.paths) void test(path.name, () => path.run());

after(async () => {
  console.log(String(model.report()));
  await proxy.close();
  for (const client of server.clients) client.terminate();
  server.close();
});
