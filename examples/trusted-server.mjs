import { servePush } from 'systole/push/server';
import { WebSocketServer } from 'ws';

const server = new WebSocketServer({ port: Number(process.argv[2] ?? 8080), maxPayload: 65_536 });
const push = servePush(server);

let count = 0;
setInterval(async () => {
  count += 1;
  await push.publish('news', `news ${count}`); // resolves when the log has it
}, 1_000);
