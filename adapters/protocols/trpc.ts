/**
 * tRPC v11 over WebSocket: `wsLink` of `@trpc/client`, `applyWSSHandler` of `@trpc/server` (`src/links/wsLink/wsClient/wsConnection.ts` and
 * `src/adapters/ws.ts`). Either end may send the text `PING` at any time, also before the frame with the `connectionParams`; the other one answers
 * `PONG`, in order. A server with `dangerouslyDisablePong` does not.
 *
 * A `PING` of the server's, which cuts off who says nothing (`keepAlive` of `applyWSSHandler`), is answered here, and heard by the app as well: a second
 * `PONG`, such as that of `wsLink`, changes nothing there. To `{"id":null,"method":"reconnect"}`, with which a server asks to be left, nothing is added: `wsLink` ends on the
 * old line what it has begun there.
 */
import { type Answer, type Frame, type Protocol, type Session, Unanswered } from './protocol.ts';

export function trpc(): Protocol {
  return protocol;
}

const protocol: Protocol = {
  name: 'trpc',
  liveness: 'ask',
  session: () => new TrpcSession(),
};

const asked: Answer = { write: ['PING'] };
const ours: Answer = { beat: {}, swallow: true };
const another: Answer = { beat: {} };
const answer: Answer = { write: ['PONG'] };

class TrpcSession implements Session {
  readonly #unanswered = new Unanswered();

  opened(): Answer {
    return { named: {} };
  }

  received(frame: Frame): Answer | undefined {
    if (frame === 'PONG') return this.#unanswered.take() ? ours : another;
    return frame === 'PING' ? answer : undefined;
  }

  probe(again?: boolean): Answer {
    this.#unanswered.ask(again);
    return asked;
  }
}
