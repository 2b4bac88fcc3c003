/**
 * MQTT over WebSocket, 3.1.1 and 5 (§2.1 the fixed header, §3.12 and §3.13 PINGREQ and PINGRESP, §6 WebSocket, where packets and WebSocket messages do
 * not begin and end together). The broker must agree on the subprotocol `mqtt`. It is asked once it has acknowledged the app's CONNECT.
 *
 * MQTT lets the client speak first: the session is named at open, and has no id.
 */
import { type Answer, type Protocol, refusalOf } from './protocol.ts';
import { type Grammar, type Packet, StreamSession } from './stream.ts';

const spoken = ['mqtt', 'mqttv3.1'];

export function mqtt(): Protocol {
  return {
    name: 'mqtt',
    liveness: 'ask',
    subprotocols: ['mqtt'],
    session: (visitor) => new MqttSession(grammar, visitor),
  };
}

class MqttSession extends StreamSession {
  opened(subprotocol?: string): Answer {
    return refusalOf(subprotocol, spoken) ?? { named: {} };
  }
}

const grammar: Grammar = {
  question: Uint8Array.of(0xc0, 0).buffer,
  answer: Uint8Array.of(0xd0, 0).buffer,
  introducedBy: 'peer',
  packetAt,
};

/** Of the types of packets (§2.1.2) those that matter here; the lowest is 1. */
const kinds = new Map<number, Packet['kind']>([
  [2, 'introduction'],
  [12, 'question'],
  [13, 'answer'],
]);

function packetAt(bytes: Uint8Array, from: number): Packet | 'incomplete' | undefined {
  const type = bytes[from]! >> 4;
  if (type === 0) return undefined;
  let rest = 0;
  // The "Remaining Length" (§2.1.4): seven bits each, the lowest first, in up to four bytes.
  for (let at = from + 1, scale = 1; scale <= 128 ** 3; at += 1, scale *= 128) {
    const byte = bytes[at];
    if (byte === undefined) return 'incomplete';
    rest += (byte & 127) * scale;
    if (byte < 128) return of(kinds.get(type) ?? 'other', at + 1, rest);
  }
  return undefined;
}

/** Those that ask and answer have nothing but their head. */
function of(kind: Packet['kind'], end: number, rest: number): Packet | undefined {
  return rest > 0 && (kind === 'question' || kind === 'answer') ? undefined : { kind, end, rest };
}
