/**
 * Rails Action Cable, protocol `actioncable-v1-json`. The server welcomes, then pings every 3 s with its clock in seconds; nothing is asked.
 * Its `disconnect` says whether to come back. Subscriptions and their messages are the app's.
 *
 * Nothing is swallowed, for nothing is asked: `@rails/actioncable` waits for the welcome, watches the pings, and heeds the `disconnect` by itself. An
 * app above `connect()` hears them as well, and passes over what has a `type` that it does not know.
 */
import { type Answer, field, type Frame, jsonObject, type Protocol, refusalOf } from './protocol.ts';

export interface ActionCableOptions {
  /** Ms after a ping in which the next one is expected; the server's own rhythm is 3,000. Default 4,000. */
  interval?: number;
}

/** The control messages are short; whatever is longer is data. */
const longestControl = 512;
const control = /"type"\s*:\s*"(?:welcome|ping|disconnect)"/;

/** AnyCable's extension of it beats as it does. What Rails agrees on with a client it does not understand is not among them. */
const spoken = ['actioncable-v1-json', 'actioncable-v1-ext-json'];

export function actionCable({ interval = 4_000 }: ActionCableOptions = {}): Protocol {
  if (!(interval > 0)) throw new RangeError('actionCable: interval must be a number of milliseconds above 0');
  return {
    name: 'actioncable',
    liveness: 'server-beats',
    subprotocols: ['actioncable-v1-json', 'actioncable-unsupported'],
    session: () => ({
      opened: (subprotocol) => refusalOf(subprotocol, spoken),
      received: (frame) => answerTo(frame, interval),
    }),
  };
}

function answerTo(frame: Frame, interval: number): Answer | undefined {
  if (typeof frame !== 'string' || frame.length > longestControl || !control.test(frame)) return undefined;
  const message = jsonObject(frame);
  // What belongs to a subscription has an identifier, whatever else it looks like.
  if (message === undefined || Object.hasOwn(message, 'identifier')) return undefined;
  switch (field(message, 'type')) {
    case 'welcome':
      return { named: { id: textOf(field(message, 'sid')), interval } };
    case 'ping':
      return { beat: { serverTime: secondsOf(field(message, 'message')) } };
    case 'disconnect':
      return {
        refused: {
          reason: textOf(field(message, 'reason')) ?? 'disconnect',
          fatal: field(message, 'reconnect') === false,
        },
      };
    default:
      return undefined;
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function secondsOf(value: unknown): number | undefined {
  return typeof value === 'number' && Math.abs(value) <= 8.64e12 ? value * 1_000 : undefined;
}
