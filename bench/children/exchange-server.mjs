/**
 * The other end of `exchange.mjs`: `node exchange-server.mjs LIBRARY` serves `ws` alone, and the library. Who says `{"send":COUNT,"burst":…,"kind":…,"bytes":…}` is
 * sent as many messages; who says `{"expect":COUNT,"burst":…}` hears one now, and then one for each burst that has come.
 */
import { say } from '../../test/helpers/children/say.mjs';
import { peerOf } from '../peers/index.mjs';
import { payloadOf } from './payload.mjs';

const [library] = process.argv.slice(2);

async function serve(name) {
  const served = await (await peerOf(name)).serve();
  /** Messages that are to come, and how many of them are told in one. */
  let expected = 0;
  let burst = 1;
  served.onMessage = (payload) => {
    if (expected === 0) return answer(JSON.parse(payload));
    expected -= 1;
    if (expected % burst === 0) served.send('heard');
  };
  const answer = (request) => {
    if (request.send !== undefined) return send(payloadOf(request.kind, request.bytes), request.send, request.burst);
    expected = request.expect;
    burst = request.burst;
    served.send('heard');
  };
  /** A burst leaves in one write: what a busy server's reader finds in one read of its socket. */
  const send = (payload, count, atOnce) => {
    served.send(payload, Math.min(count, atOnce));
    if (count > atOnce) setImmediate(send, payload, count - atOnce, atOnce);
  };
  return served.port;
}

say('listening', { bare: await serve('ws'), port: await serve(library) });
