/**
 * Phoenix channels, and so Supabase Realtime (https://hexdocs.pm/phoenix/writing_a_channels_client.html; the words of both serializers:
 * `Phoenix.Socket.V1.JSONSerializer` and `Phoenix.Socket.V2.JSONSerializer`). The server answers each heartbeat with its `ref`: ours has one that no
 * library gives, so that no other reply is taken for its answer.
 *
 * The server says nothing by itself. `connect()` asks at once, and the first reply names the session, which has no id.
 */
import { type Answer, field, type Frame, jsonObject, type Protocol } from './protocol.ts';

export interface PhoenixOptions {
  /** The serializer: what the URL names as `vsn`, where it names none `1.0.0`. Default `2.0.0`, as phoenix.js and supabase-js have it. */
  vsn?: '1.0.0' | '2.0.0';
}

const ourRef = 'systole';
const heartbeats = new Map<unknown, string>([
  ['1.0.0', `{"topic":"phoenix","event":"heartbeat","payload":{},"ref":"${ourRef}"}`],
  ['2.0.0', `[null,"${ourRef}","phoenix","heartbeat",{}]`],
]);
/** Ours with white space; whatever is longer is data. */
const longestReply = 256;

export function phoenix({ vsn = '2.0.0' }: PhoenixOptions = {}): Protocol {
  const heartbeat = heartbeats.get(vsn);
  if (heartbeat === undefined) throw new RangeError(`phoenix: vsn must be '1.0.0' or '2.0.0', as in the URL`);
  const asked = { write: [heartbeat] };
  return {
    name: 'phoenix',
    liveness: 'ask',
    session(visitor) {
      let meaning: Answer = firstReply;
      return {
        opened: () => (visitor?.above === 'library' ? { named: {} } : asked),
        received(frame) {
          if (!isReply(frame)) return undefined;
          const answer = meaning;
          meaning = reply;
          return answer;
        },
        probe: () => asked,
      };
    },
  };
}

const reply: Answer = { beat: {}, swallow: true };
const firstReply: Answer = { named: {}, ...reply };

function isReply(frame: Frame): boolean {
  if (typeof frame !== 'string' || frame.length > longestReply || !frame.includes(`"${ourRef}"`)) return false;
  const message = jsonObject(frame);
  if (message !== undefined) return says(field(message, 'ref'), field(message, 'topic'), field(message, 'event'));
  const [, ref, topic, event] = arrayIn(frame);
  return says(ref, topic, event);
}

function arrayIn(frame: string): readonly unknown[] {
  try {
    const value: unknown = JSON.parse(frame);
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
}

function says(ref: unknown, topic: unknown, event: unknown): boolean {
  return ref === ourRef && topic === 'phoenix' && event === 'phx_reply';
}
