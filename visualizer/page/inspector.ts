/**
 * The dialect of an inspected process or app: @xstate/inspect's, which has no heart, with a heart. Who is no bridge of ours agrees on another
 * subprotocol, and is as good as never asked.
 */
import { type Answer, type Frame, type Protocol, type Session, swallowed } from '../../adapters/protocols/protocol.ts';
import { isBottomless } from '../bridge/bounds.ts';
import { anySubprotocol, heartbeatText, subprotocol } from '../bridge/commands.ts';
import { parsed } from './json.ts';

export function inspector(): Protocol {
  return {
    name: 'inspector',
    liveness: 'ask',
    subprotocols: [anySubprotocol, subprotocol],
    session: () => new InspectorSession(),
  };
}

/** The longest that there is, ms. */
const hardlyEver = 3_600_000;
/** How `@xstate/inspect` writes it. */
const registering = '{"type":"service.register"';
const asked: Answer = { write: [heartbeatText] };
const answered: Answer = { beat: {}, swallow: true };

class InspectorSession implements Session {
  opened(agreed?: string): Answer {
    return { named: agreed === subprotocol ? {} : { interval: hardlyEver } };
  }

  received(frame: Frame): Answer | undefined {
    if (frame === heartbeatText) return answered;
    return typeof frame === 'string' && frame.startsWith(registering) && isBottomless(parsed(frame))
      ? swallowed
      : undefined;
  }

  probe(): Answer {
    return asked;
  }
}
