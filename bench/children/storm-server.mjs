/**
 * A server that dies, or the one that comes after it: `node storm-server.mjs LIBRARY`. For `listen` it is there, on that port; for `die` it is killed, and for `tell`
 * it is not. Before either it says when each client entered, and what was heard, as it was sent, in order.
 */
import { now, onCommand, say } from '../../test/helpers/children/say.mjs';
import { peerOf } from '../peers/index.mjs';

const peer = await peerOf(process.argv[2]);
const entered = [];
const heard = [];

onCommand({
  async listen({ port }) {
    const server = await peer.serve({ port });
    server.onEnter = () => entered.push(now());
    server.onMessage = (payload) => heard.push(payload);
    say('listening', { port: server.port });
  },
  die() {
    say('told', { entered, heard });
    process.kill(process.pid, 'SIGKILL');
  },
  tell: () => say('told', { entered, heard }),
});
say('ready');
