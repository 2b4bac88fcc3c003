/**
 * A library's server in a process of its own: `node peer-server.mjs PEER HOST HEARTBEAT`, HEARTBEAT as JSON. Says where it listens, and whether its
 * clients can stand on systole.
 */
import { say } from '../../test/helpers/children/say.mjs';
import { peerOf } from '../peers/index.mjs';

const [name, host, heartbeat] = process.argv.slice(2);
const peer = await peerOf(name);
const { port } = await peer.serve({ host, heartbeat: JSON.parse(heartbeat) });
say('listening', { port, takesClass: peer.takesClass });
