/**
 * MQTT over WebSocket, 3.1.1 and 5 (docs.oasis-open.org/mqtt/mqtt/v5.0; the numbers below are its sections): §2.1 the fixed header, §3.12 and §3.13 what asks
 * and answers, §6 WebSocket, whose messages and the packets in them do not begin and end together. The broker must agree on the subprotocol `mqtt`. It is
 * asked once it has acknowledged a CONNECT.
 *
 * MQTT lets the client speak first. Beneath a library, which says its CONNECT when it hears `open`, the session is named at open, without an id. Above
 * `connect()` give this protocol the CONNECT: it is said before anything of the app's on every line, and CONNACK, which the app hears, names the session.
 */
import { type Answer, type Protocol, refusalOf, type Visitor } from './protocol.ts';
import { type Grammar, type Packet, StreamSession } from './stream.ts';

export interface MqttOptions {
  /**
   * A CONNECT packet, as mqtt-packet's `generate()` makes it, or a function that makes one for each line. Its keep alive should be longer than
   * `heartbeat.interval`. Default: the app says its own when the connection has opened; what it has sent before that would come first. Nothing beneath a library.
   */
  connect?: Bytes | (() => Bytes);
}

type Bytes = ArrayBuffer | Uint8Array;

const spoken = ['mqtt', 'mqttv3.1'];

export function mqtt({ connect }: MqttOptions = {}): Protocol {
  if (connect !== undefined && typeof connect !== 'function') checked(connect);
  return {
    name: 'mqtt',
    liveness: 'ask',
    subprotocols: ['mqtt'],
    session: (visitor) => new MqttSession(visitor, visitor?.above === 'library' ? undefined : connect),
  };
}

function checked(connect: Bytes): Bytes {
  if (connect instanceof ArrayBuffer || ArrayBuffer.isView(connect)) return connect;
  throw new TypeError('mqtt: connect must be the bytes of a CONNECT packet, or a function that answers with them');
}

interface Said {
  isVersion5: boolean;
  clientId: string | undefined;
}

class MqttSession extends StreamSession {
  readonly #connect: MqttOptions['connect'];
  /** In our CONNECT. Undefined: we say none. */
  #said: Said | undefined;

  constructor(visitor: Visitor | undefined, connect: MqttOptions['connect']) {
    super(grammar, visitor);
    this.#connect = connect;
  }

  opened(subprotocol?: string): Answer {
    const refusal = refusalOf(subprotocol, spoken);
    if (refusal !== undefined || this.#connect === undefined) return refusal ?? { named: {} };
    const packet = new Uint8Array(typeof this.#connect === 'function' ? checked(this.#connect()) : this.#connect);
    this.#said = readConnect(packet);
    return { write: [packet.buffer] };
  }

  /** §3.2 CONNACK: flags, the reason, and in 5 the properties. */
  protected override introduced(packet: Uint8Array): Answer | undefined {
    if (this.#said === undefined) return undefined;
    const reader = new Reader(packet);
    reader.skip(1);
    reader.integer();
    reader.skip(1);
    const code = reader.byte();
    if (code !== 0) {
      const reason = `the broker refuses the CONNECT: 0x${code.toString(16).padStart(2, '0')}`;
      return { refused: { reason, fatal: fatalReasons.has(code) } };
    }
    const { isVersion5, clientId } = this.#said;
    const { assignedId = clientId, keepAlive } = isVersion5 ? readDecisions(reader) : {};
    return { named: { id: assignedId, interval: keepAlive ? keepAlive * 1_000 : undefined } };
  }
}

/**
 * After which no new dial can help. 3.1.1 §3.2.2.3: the version, the client id, the password, the authorisation. 5 §3.2.2.2: malformed, protocol error, the
 * same four, banned, the way of authentication, topic name, size, format, retain, QoS. Others may pass: a busy broker, a quota, a server that has moved.
 */
const fatalReasons: ReadonlySet<number> = new Set([
  1, 2, 4, 5, 0x81, 0x82, 0x84, 0x85, 0x86, 0x87, 0x8a, 0x8c, 0x90, 0x95, 0x99, 0x9a, 0x9b,
]);

const grammar: Grammar = {
  question: Uint8Array.of(0xc0, 0).buffer,
  answer: Uint8Array.of(0xd0, 0).buffer,
  introducedBy: 'peer',
  packetAt,
};

/** Types of packets (§2.1.2), of which 0 is none. */
const connack = 2;
const pingreq = 12;
const pingresp = 13;

function packetAt(bytes: Uint8Array, from: number): Packet | 'incomplete' | undefined {
  const type = bytes[from]! >> 4;
  const length = type === 0 ? undefined : integerAt(bytes, from + 1);
  if (typeof length !== 'object') return length;
  const { end, value: rest } = length;
  switch (type) {
    case connack:
      // All of it is read.
      return bytes.length < end + rest ? 'incomplete' : { kind: 'introduction', end: end + rest, rest: 0 };
    case pingreq:
    case pingresp:
      return rest > 0 ? undefined : { kind: type === pingreq ? 'question' : 'answer', end, rest };
    default:
      return { kind: 'other', end, rest };
  }
}

/** A "Variable Byte Integer" (§1.5.5): seven bits each, the lowest first, in up to four bytes. */
function integerAt(bytes: Uint8Array, from: number): { end: number; value: number } | 'incomplete' | undefined {
  let value = 0;
  for (let at = from, scale = 1; at < from + 4; at += 1, scale *= 128) {
    const byte = bytes[at];
    if (byte === undefined) return 'incomplete';
    value += (byte & 127) * scale;
    if (byte < 128) return { end: at + 1, value };
  }
  return undefined;
}

/** §3.1 CONNECT: the protocol's name, its version, flags, keep alive, in 5 properties, the client id. Empty: the broker is to give one. */
function readConnect(packet: Uint8Array): Said {
  const reader = new Reader(packet);
  reader.skip(1);
  reader.integer();
  reader.text();
  const isVersion5 = reader.byte() >= 5;
  reader.skip(3);
  if (isVersion5) reader.skip(reader.integer());
  return { isVersion5, clientId: reader.text() || undefined };
}

const assignedClientId = 0x12;
const serverKeepAlive = 0x13;
/** Bytes of each property of a CONNACK (§3.2.2.3); texts state their length, of which a pair has two. */
const widths = new Map<number, 1 | 2 | 4 | 'text' | 'pair'>([
  ...[0x24, 0x25, 0x28, 0x29, 0x2a].map((id) => [id, 1] as const),
  ...[serverKeepAlive, 0x21, 0x22].map((id) => [id, 2] as const),
  ...[0x11, 0x27].map((id) => [id, 4] as const),
  ...[assignedClientId, 0x15, 0x16, 0x1a, 0x1c, 0x1f].map((id) => [id, 'text'] as const),
  [0x26, 'pair'],
]);

/** What the broker has decided for the client. */
function readDecisions(reader: Reader): { assignedId?: string; keepAlive?: number } {
  const decisions: { assignedId?: string; keepAlive?: number } = {};
  const end = reader.integer() + reader.at;
  while (reader.at < end) {
    const id = reader.byte();
    const width = widths.get(id);
    if (id === assignedClientId) decisions.assignedId = reader.text();
    else if (id === serverKeepAlive) decisions.keepAlive = reader.two();
    else if (typeof width === 'number') reader.skip(width);
    else if (width === undefined) break;
    else for (let texts = width === 'pair' ? 2 : 1; texts > 0; texts -= 1) reader.text();
  }
  return decisions;
}

/** Behind the end there are zeros. */
class Reader {
  readonly #bytes: Uint8Array;
  at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  skip(bytes: number): void {
    this.at += bytes;
  }

  byte(): number {
    this.at += 1;
    return this.#bytes[this.at - 1] ?? 0;
  }

  two(): number {
    return this.byte() * 256 + this.byte();
  }

  integer(): number {
    const integer = integerAt(this.#bytes, this.at);
    if (typeof integer !== 'object') return 0;
    this.at = integer.end;
    return integer.value;
  }

  text(): string {
    const length = this.two();
    this.at += length;
    return new TextDecoder().decode(this.#bytes.subarray(this.at - length, this.at));
  }
}
