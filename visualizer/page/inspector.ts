/**
 * The dialect of an inspected process or app: @xstate/inspect's, which has no heart, with a heart. Who is no bridge of ours agrees on another
 * subprotocol, and is as good as never asked.
 */
import type { Answer, Frame, Protocol, Session } from '../../adapters/protocols/protocol.ts';
import { anySubprotocol, heartbeatText, subprotocol } from '../bridge/commands.ts';

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
const asked: Answer = { write: [heartbeatText] };
const answered: Answer = { beat: {}, swallow: true };

class InspectorSession implements Session {
  opened(agreed?: string): Answer {
    return { named: agreed === subprotocol ? {} : { interval: hardlyEver } };
  }

  received(frame: Frame): Answer | undefined {
    return frame === heartbeatText ? answered : undefined;
  }

  probe(): Answer {
    return asked;
  }
}
