/**
 * The dialect systole comes from; `systole/server` speaks the other half.
 *
 * | direction | message                                                                              | meaning              |
 * | --------- | ------------------------------------------------------------------------------------ | -------------------- |
 * | S→C       | JSON object with `id` and `now_time` (server clock: epoch ms, or a date string)       | the session is named |
 * | C→S       | the text `heartbeat`                                                                 | are you there?       |
 * | S→C       | JSON object with `heartbeat` (server clock, same forms)                              | the answer           |
 * | S→C       | anything else                                                                        | a message to the app |
 *
 * The message that names the session is swallowed, and an answer that holds nothing but `heartbeat`.
 */
import { type Answer, field, type Frame, jsonObject, type Protocol, type Session, timeOf } from './protocol.ts';

/** An id longer than this, in characters, is none. */
const longestId = 1_024;

export function idHeartbeat(): Protocol {
  return protocol;
}

const protocol: Protocol = {
  name: 'id-heartbeat',
  liveness: 'ask',
  session: () => new IdHeartbeatSession(),
};

const letterH = 0x68;
const space = 0x20;

class IdHeartbeatSession implements Session {
  #awaits: 'name' | 'answer' | 'nothing' = 'name';

  received(frame: Frame): Answer | undefined {
    if (typeof frame !== 'string') return undefined;
    if (this.#awaits === 'nothing' && !beginsLikeAnswer(frame)) return undefined;
    if (this.#awaits === 'answer' && !frame.includes('"heartbeat"')) return undefined;
    const object = jsonObject(frame);
    if (object === undefined) return undefined;
    return this.#awaits === 'name' ? this.#nameIn(object) : this.#beatIn(object);
  }

  probe(): Answer {
    this.#awaits = 'answer';
    return { write: ['heartbeat'] };
  }

  #nameIn(object: object): Answer | undefined {
    const id = idOf(field(object, 'id'));
    if (id === undefined || !Object.hasOwn(object, 'now_time')) return undefined;
    this.#awaits = 'nothing';
    return { named: { id, serverTime: timeOf(field(object, 'now_time')) }, swallow: true };
  }

  #beatIn(object: object): Answer | undefined {
    if (!Object.hasOwn(object, 'heartbeat')) return undefined;
    this.#awaits = 'nothing';
    return { beat: { serverTime: timeOf(field(object, 'heartbeat')) }, swallow: Object.keys(object).length === 1 };
  }
}

/**
 * The hot path, where no answer is due: searching every message for the word costs as much as receiving it, so an answer that nobody waits for
 * (the second one, after asking twice) is known by its beginning alone, as every JSON writer writes it.
 */
function beginsLikeAnswer(frame: string): boolean {
  const quote = frame.charCodeAt(1) === space ? 2 : 1;
  // The letter differs in nearly every other message, and comparing one is cheaper than calling for more.
  return frame.charCodeAt(quote + 1) === letterH && frame[0] === '{' && frame.startsWith('"heartbeat"', quote);
}

function idOf(value: unknown): string | undefined {
  if (typeof value === 'number' && Number.isFinite(value)) return String(value);
  return typeof value === 'string' && value !== '' && value.length <= longestId ? value : undefined;
}
