/**
 * Home Assistant's WebSocket API (https://developers.home-assistant.io/docs/api/websocket, and the source of what it leaves open:
 * `homeassistant/components/websocket_api/` `auth.py`, `connection.py`, `http.py`).
 *
 * | direction | message                                                    | meaning                                                          |
 * | --------- | ---------------------------------------------------------- | ---------------------------------------------------------------- |
 * | S→C       | `{"type":"auth_required","ha_version":…}`                  | the session is named; nothing but `auth` may be said             |
 * | C→S       | `{"type":"auth","access_token":…}`                         | within 10 s; the app's, or ours where we have a token            |
 * | S→C       | `{"type":"auth_ok",…}`, `{"type":"auth_invalid","message"}` | commands may be said; or no new dial can help                    |
 * | C→S       | `{"id":1,"type":"systole/ping"}`                           | are you there?                                                   |
 * | S→C       | `{"id":1,"type":"result","success":false,"error":{"code"}}` | the answer, with the code `id_reuse` or `unknown_command`        |
 *
 * Its own `ping` takes an id, and ids have to increase: one of ours would be in the way of the next command of the library above, which counts by
 * itself, and is answered `id_reuse`. But what the server refuses for its id or for its type leaves no trace, in `last_id` or elsewhere
 * (`async_handle()`), and is answered in order like all else. So we ask what it is sure to refuse, and every id remains the library's.
 */
import { errorName, isObject } from '../check.ts';
import {
  type Answer,
  field,
  type Frame,
  jsonObject,
  type Protocol,
  type Session,
  Unanswered,
  type Visitor,
} from './protocol.ts';

export interface HomeAssistantOptions {
  /**
   * With one, we authenticate: the session is named when that was accepted, and the app hears of it no more than that. A function is asked at each
   * dial; what it throws or gives that is no text is a dial that failed. Default none, as beneath a library: the session is named as soon as the server
   * asks who is there, and to answer is the app's.
   */
  accessToken?: string | (() => string | Promise<string>);
}

/** @throws {TypeError} naming the option */
export function homeAssistant({ accessToken }: HomeAssistantOptions = {}): Protocol {
  if (accessToken !== undefined && typeof accessToken !== 'function' && !isToken(accessToken)) {
    throw new TypeError('homeAssistant: accessToken must be a string, or a function that answers with one');
  }
  return {
    name: 'home-assistant',
    liveness: 'ask',
    session: (visitor) => new HomeAssistantSession(accessToken, visitor),
  };
}

const asked: Answer = { write: ['{"id":1,"type":"systole/ping"}'] };
const refusals = new Set<unknown>(['id_reuse', 'unknown_command']);
/** What a refusal has in it, and hardly anything else. */
const refusal = /"(?:id_reuse|unknown_command)"/;

class HomeAssistantSession implements Session {
  readonly #accessToken: HomeAssistantOptions['accessToken'];
  readonly #visitor: Visitor | undefined;
  readonly #unanswered = new Unanswered();
  #phase: 'auth' | 'commands' = 'auth';

  constructor(accessToken: HomeAssistantOptions['accessToken'], visitor: Visitor | undefined) {
    this.#accessToken = accessToken;
    this.#visitor = visitor;
  }

  received(frame: Frame): Answer | undefined {
    if (this.#phase === 'auth') return this.#authentication(frame);
    if (this.#unanswered.isEmpty || typeof frame !== 'string' || !refusal.test(frame)) return undefined;
    return this.#without(frame);
  }

  /** Before `auth` was accepted it would be taken for one that is wrong. Whoever takes longer for it than a heartbeat may, or the server's 10 s, is left. */
  probe(again?: boolean): Answer | undefined {
    if (this.#phase === 'auth') return undefined;
    this.#unanswered.ask(again);
    return asked;
  }

  #authentication(frame: Frame): Answer | undefined {
    const message = jsonObject(frame);
    if (message === undefined) return undefined;
    const isOurs = this.#accessToken !== undefined;
    switch (field(message, 'type')) {
      case 'auth_required':
        if (!isOurs) return { named: {} };
        void this.#authenticate();
        return { swallow: true };
      // The first word on the Supervisor's own socket.
      case 'auth_ok':
        this.#phase = 'commands';
        return { named: {}, swallow: isOurs };
      case 'auth_invalid':
        // Its words may repeat what it was told.
        return { refused: { reason: 'auth_invalid', fatal: true } };
      default:
        return undefined;
    }
  }

  async #authenticate(): Promise<void> {
    const accessToken = this.#accessToken;
    try {
      const token: unknown = typeof accessToken === 'function' ? await accessToken() : accessToken;
      if (!isToken(token)) throw new TypeError('no text');
      this.#visitor?.tell({ write: [JSON.stringify({ type: 'auth', access_token: token })] });
    } catch (error) {
      this.#visitor?.tell({ refused: { reason: `the accessToken function threw ${errorName(error)}` } });
    }
  }

  /** Where the library has asked for it (`coalesce_messages`), an answer may be one of several messages in an array. */
  #without(frame: string): Answer | undefined {
    try {
      const said: unknown = JSON.parse(frame);
      const messages: unknown[] = Array.isArray(said) ? said : [said];
      const others = messages.filter((message) => !isRefusal(message) || !this.#unanswered.take());
      if (others.length === messages.length) return undefined;
      return { beat: {}, ...(others.length === 0 ? { swallow: true } : { deliver: JSON.stringify(others) }) };
    } catch {
      return undefined;
    }
  }
}

function isRefusal(message: unknown): boolean {
  if (!isObject(message) || field(message, 'id') !== 1 || field(message, 'success') !== false) return false;
  const error = field(message, 'error');
  return isObject(error) && refusals.has(field(error, 'code'));
}

function isToken(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
