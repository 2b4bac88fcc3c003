/**
 * NATS over WebSocket (https://docs.nats.io/reference/reference-protocols/nats-protocol). Either end may ask `PING` and is answered `PONG`, in order; the
 * payload of a message may hold the same words, and several lines may share a WebSocket message. The client's `CONNECT` comes first.
 *
 * The server's `INFO` names the session: `client_id`, unique on that server. The app hears it, too. Above `connect()` the server's `PING` is answered here;
 * libraries do it themselves.
 */
import { type Answer, field, jsonObject, type Protocol } from './protocol.ts';
import { type Grammar, inBytes, type Packet, StreamSession } from './stream.ts';

export function nats(): Protocol {
  return { name: 'nats', liveness: 'ask', session: (visitor) => new NatsSession(grammarOf(), visitor) };
}

class NatsSession extends StreamSession {
  opened(): Answer | undefined {
    return this.above === 'library' ? { named: {} } : undefined;
  }

  protected override introduced(line: Uint8Array): Answer {
    const text = new TextDecoder().decode(line);
    const info = jsonObject(text.slice(text.indexOf('{')));
    const id = info && field(info, 'client_id');
    return { named: { id: Number.isFinite(id) ? String(id) : undefined } };
  }
}

function grammarOf(): Grammar {
  return { question: inBytes('PING\r\n'), answer: inBytes('PONG\r\n'), introducedBy: 'app', packetAt };
}

const newline = 0x0a;
const return_ = 0x0d;
const space = 0x20;
const tab = 0x09;
const zero = 0x30;

/** What either side may say, and what it is to us; or that a payload follows, whose length is the last word of the line. */
const operations = new Map<string, Packet['kind'] | 'payload'>([
  ['INFO', 'introduction'],
  ['CONNECT', 'introduction'],
  ['PING', 'question'],
  ['PONG', 'answer'],
  ['MSG', 'payload'],
  ['HMSG', 'payload'],
  ['PUB', 'payload'],
  ['HPUB', 'payload'],
  ['SUB', 'other'],
  ['UNSUB', 'other'],
  ['+OK', 'other'],
  ['-ERR', 'other'],
]);
const longestOperation = 7;

function packetAt(bytes: Uint8Array, from: number): Packet | 'incomplete' | undefined {
  const lineEnd = bytes.indexOf(newline, from);
  if (lineEnd === -1) return 'incomplete';
  const end = lineEnd + 1;
  const to = bytes[lineEnd - 1] === return_ ? lineEnd - 1 : lineEnd;
  const kind = operations.get(operationAt(bytes, from, to));
  if (kind !== 'payload') return kind && { kind, end, rest: 0 };
  const size = lastNumber(bytes, from, to);
  return size === undefined ? undefined : { kind: 'other', end, rest: size + 2 };
}

/** The first word of a line, in capitals. */
function operationAt(bytes: Uint8Array, from: number, to: number): string {
  let word = '';
  for (let at = from; at < to && word.length <= longestOperation; at += 1) {
    const byte = bytes[at]!;
    if (isBlank(byte)) break;
    word += String.fromCharCode(byte);
  }
  return word.toUpperCase();
}

/** Undefined: the last word of the line is none. */
function lastNumber(bytes: Uint8Array, from: number, to: number): number | undefined {
  let at = to - 1;
  while (at > from && isBlank(bytes[at])) at -= 1;
  let number = 0;
  for (let scale = 1; at > from; at -= 1, scale *= 10) {
    const digit = bytes[at]! - zero;
    if (digit < 0 || digit > 9) break;
    number += digit * scale;
  }
  // So many digits that they are no number are none.
  return isBlank(bytes[at]) && Number.isSafeInteger(number) ? number : undefined;
}

function isBlank(byte: number | undefined): boolean {
  return byte === space || byte === tab;
}
