/**
 * A push server in a process of its own, on an engine that others share: `node node.mjs ENGINE PORT`, the engine `redis` or `nats`.
 */
import { connect } from '@nats-io/transport-node';
import { createClient } from 'redis';
import { natsLog } from 'systole/push/nats';
import { redisLog } from 'systole/push/redis';
import { servePush } from 'systole/push/server';
import { WebSocketServer } from 'ws';

import { onCommand, say } from '../../helpers/children/say.mjs';

const [engine, port] = process.argv.slice(2);
const logs = {
  async redis() {
    const client = createClient({ socket: { host: '127.0.0.1', port: Number(port) } });
    await client.connect();
    return redisLog({ client, messages: 100_000 });
  },
  async nats() {
    return natsLog({ connection: await connect({ servers: `127.0.0.1:${port}` }), messages: 100_000 });
  },
};

const log = await logs[engine]();
const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
servePush(server, { log });
server.on('listening', () => say('listening', { port: server.address().port }));
onCommand({});
