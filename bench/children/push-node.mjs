/**
 * A server of push: `node push-node.mjs ENGINE PORT`. Says where it listens, and for `reads` how often its log was read since it was last asked.
 */
import { servePush } from 'systole/push/server';
import { WebSocketServer } from 'ws';

import { onCommand, say } from '../../test/helpers/children/say.mjs';
import { logIn } from './engine-log.mjs';

const [engine, port] = process.argv.slice(2);
const log = await logIn(engine, port);
let reads = 0;

const read = log.read.bind(log);
log.read = (...given) => {
  reads += 1;
  return read(...given);
};

const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });
servePush(server, { log });
server.on('listening', () => say('listening', { port: server.address().port }));
onCommand({
  reads() {
    say('done: reads', { reads });
    reads = 0;
  },
});
