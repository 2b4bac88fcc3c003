/**
 * GraphQL over WebSocket, subprotocol `graphql-transport-ws` (https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md). Either end may
 * ping at any time, also before `connection_init`, which stays the app's as everything else does.
 *
 * Our pings carry a mark, which servers send back in the pong. A pong without it is the app's: the answer to a ping of its own, or one that
 * nobody asked for, as the protocol allows. From a server that sends no mark back it is a sign of life like any other frame.
 */
import { type Answer, field, type Frame, jsonObject, type Protocol, refusalOf } from './protocol.ts';

const ourPing = '{"type":"ping","payload":{"systole":true}}';
const ourPong = '{"type":"pong","payload":{"systole":true}}';
/** Ours in another order, with white space; whatever is longer is data. */
const longestPong = 128;

/**
 * After which no new dial can help, as graphql-ws's own client has it (`shouldRetryConnectOrThrow` in its client.ts): 4400 invalid message,
 * 4401 subscribed before the acknowledgement, 4406 subprotocol not acceptable, 4409 operation id in use, 4429 initialised twice, 4500 internal
 * server error. Not 4403 and 4408: access may be granted, and the initialisation be in time, at another dial. Codes below 4000 are not the
 * dialect's: the machine's rule decides.
 */
const fatalCodes: ReadonlySet<number> = new Set([4400, 4401, 4406, 4409, 4429, 4500]);

const spoken = ['graphql-transport-ws'];

export function graphqlTransportWs(): Protocol {
  const asked = { write: [ourPing] };
  const fatal = { fatal: true };
  return {
    name: 'graphql-transport-ws',
    liveness: 'ask',
    subprotocols: spoken,
    session: () => ({
      opened: (subprotocol) => refusalOf(subprotocol, spoken) ?? { named: {} },
      received: answerTo,
      probe: () => asked,
      closed: (code) => (fatalCodes.has(code) ? fatal : undefined),
    }),
  };
}

const answered: Answer = { beat: {}, swallow: true };

function answerTo(frame: Frame): Answer | undefined {
  if (frame === ourPong) return answered;
  if (typeof frame !== 'string' || frame.length > longestPong || !frame.includes('"systole"')) return undefined;
  const message = jsonObject(frame);
  if (message === undefined || field(message, 'type') !== 'pong') return undefined;
  const payload = field(message, 'payload');
  return typeof payload === 'object' && payload !== null && field(payload, 'systole') === true ? answered : undefined;
}
