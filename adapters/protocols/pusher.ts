/**
 * Pusher Channels, protocol 7, and the servers that speak it, such as Reverb and Soketi
 * (https://pusher.com/docs/channels/library_auth_reference/pusher-websockets-protocol/). Either end may ping, with the same words: whose a pong is, tells
 * the order.
 *
 * `pusher:connection_established` names the session: its `socket_id`, and its `activity_timeout` is the interval. The app hears it, too. Above `connect()`
 * the pings of the server are answered here; libraries do it themselves.
 */
import { isObject } from '../check.ts';
import { type Above, type Answer, field, type Frame, jsonObject, type Protocol, type Session } from './protocol.ts';
import { Questions } from './questions.ts';

export function pusher(): Protocol {
  return {
    name: 'pusher',
    liveness: 'ask',
    session: (visitor) => new PusherSession(visitor?.above ?? 'app'),
  };
}

const ping = '{"event":"pusher:ping","data":{}}';
const pong = '{"event":"pusher:pong","data":{}}';
const asked: Answer = { write: [ping] };
const answered: Answer = { beat: {}, swallow: true };
const answering: Answer = { write: [pong], swallow: true };

/** The control messages are short; whatever is longer is data. */
const longestControl = 512;
const control = /"event"\s*:\s*"pusher:/;

class PusherSession implements Session {
  readonly #above: Above;
  readonly #questions = new Questions();

  constructor(above: Above) {
    this.#above = above;
  }

  opened(): Answer | undefined {
    return this.#above === 'library' ? { named: {} } : undefined;
  }

  received(frame: Frame): Answer | undefined {
    const message = controlIn(frame);
    if (message === undefined) return undefined;
    switch (field(message, 'event')) {
      case 'pusher:pong':
        return this.#questions.isOurs() ? answered : undefined;
      case 'pusher:ping':
        return this.#above === 'library' ? undefined : answering;
      case 'pusher:connection_established':
        return { named: nameIn(field(message, 'data')) };
      default:
        return undefined;
    }
  }

  probe(): Answer {
    this.#questions.ours();
    return asked;
  }

  sent(message: Frame | ArrayBufferView): boolean {
    const said = ArrayBuffer.isView(message) ? undefined : controlIn(message);
    if (said !== undefined && field(said, 'event') === 'pusher:ping') this.#questions.theirs();
    return false;
  }

  /** 4000–4099: no new dial can help. 4100–4199: after a second or more. 4200–4299: at once, as the machine's own rule has it. */
  closed(code: number): { fatal?: boolean; retryAfter?: number } | undefined {
    if (code >= 4000 && code <= 4099) return { fatal: true };
    return code >= 4100 && code <= 4199 ? { retryAfter: 1_000 } : undefined;
  }
}

function controlIn(frame: Frame): object | undefined {
  if (typeof frame !== 'string' || frame.length > longestControl || !control.test(frame)) return undefined;
  const message = jsonObject(frame);
  // What belongs to a channel is the app's, whatever its publisher called it.
  return message === undefined || Object.hasOwn(message, 'channel') ? undefined : message;
}

/** @param data an object, or its JSON, as Pusher sends it */
function nameIn(data: unknown): NonNullable<Answer['named']> {
  const named = typeof data === 'string' ? jsonObject(data) : data;
  if (!isObject(named)) return {};
  const id = field(named, 'socket_id');
  return {
    id: typeof id === 'string' && id !== '' ? id : undefined,
    interval: millisecondsOf(field(named, 'activity_timeout')),
  };
}

function millisecondsOf(seconds: unknown): number | undefined {
  return typeof seconds === 'number' && seconds > 0 && seconds <= 86_400 ? seconds * 1_000 : undefined;
}
