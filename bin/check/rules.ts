/**
 * The rules that are looked at, each with what to do where it is broken. They are those of docs/PROTOCOL.md, where each is said in full; and one of our
 * own, M1.
 */
import type { Protocol } from '../../adapters/protocols/protocol.ts';

export type RuleName =
  | 'L1'
  | 'L2'
  | 'L3'
  | 'L4'
  | 'L5'
  | 'W1'
  | 'W2'
  | 'W3'
  | 'W4'
  | 'W5'
  | 'H1'
  | 'H2'
  | 'H3'
  | 'H4'
  | 'H5'
  | 'H6'
  | 'T1'
  | 'G1'
  | 'G2'
  | 'M1';

export interface Rule {
  /** What a server does that keeps it: up to 50 characters. */
  readonly title: string;
  readonly remedy: string;
  /** Of which dialects. Default: of all. */
  readonly of?: (protocol: Protocol) => boolean;
}

const asked = ({ liveness }: Protocol) => liveness === 'ask';
const alive = ({ liveness }: Protocol) => liveness !== 'none';
const inMessages = (protocol: Protocol) => asked(protocol) && protocol.needsPing !== true;
const idHeartbeat = ({ name }: Protocol) => name === 'id-heartbeat';

export const rules: Readonly<Record<RuleName, Rule>> = {
  L1: {
    title: 'keeps a line that it has accepted',
    remedy:
      'Look for what ends it: an exception in the connection handler, a handler that returns, a proxy that does not pass on the upgrade. Who is not wanted is refused by an HTTP status, or by a close code that says why (3000, 3003, 4001); give the check its token with --header.',
  },
  L2: {
    title: 'answers pings of WebSocket itself',
    remedy:
      'Answer each ping frame with a pong of the same payload (RFC 6455 §5.5.2). WebSocket packages do so by themselves, unless it was turned off (autoPong: false), or the code that reads frames is busy, or has stopped reading.',
  },
  L3: {
    title: 'keeps a line on which nothing is said',
    remedy:
      'Set the idle limits of the server and of each proxy on the way above interval + timeout of the clients, 70 s by default (nginx: proxy_read_timeout; AWS: idle timeout; HAProxy: timeout tunnel); or let clients beat more often: heartbeat: { interval: 25_000 }.',
  },
  L4: {
    title: 'lets go of clients that are silent',
    remedy:
      'Note when a frame or a pong last came from each client, and every so often cut off (without a close frame) who was silent for longer than your limit, 150 s say: no TCP stack tells you of a cable that was pulled.',
  },
  L5: {
    title: 'serves others, whatever one does',
    remedy:
      'Nothing that is done for all clients may wait for one of them: no write that is awaited while a lock is held, no loop that sends to one after the other and waits. Bound what waits for a client that does not read, and cut it off beyond that.',
  },
  W1: {
    title: 'welcomes each client',
    remedy:
      'Send {"id":"…","now_time":…} as soon as the client is connected, before anything else and without being asked; within 5 s. What takes longer (a database, a login) comes after it.',
  },
  W2: {
    title: 'the welcome has its form',
    remedy:
      'A text frame with a JSON object: `id`, a text of 1 to 1,024 characters or a number, and `now_time`, the clock in ms since 1970 or a date as text.',
    of: idHeartbeat,
  },
  W3: {
    title: 'welcomes once',
    remedy:
      'Send the welcome where the connection is made, and nowhere else: what looks like one later is a message to the app.',
    of: idHeartbeat,
  },
  W4: {
    title: 'the welcome comes first',
    remedy:
      'Send nothing before the welcome: subscribe the connection to what it is to hear after the welcome was written.',
    of: idHeartbeat,
  },
  W5: {
    title: 'each client has an id of its own',
    remedy:
      'Make the id where the connection is made, such as a UUID; not of the user, who may have two tabs, and not of the process.',
    of: idHeartbeat,
  },
  H1: {
    title: 'answers a heartbeat',
    remedy: 'Answer each text frame `heartbeat` with {"heartbeat":…}, the clock in ms since 1970.',
    of: alive,
  },
  H2: {
    title: 'answers at once',
    remedy:
      'Answer where the frame is read, not from a queue, a timer or behind a database: within 1 s, or clients take a line that is well for a dead one.',
    of: asked,
  },
  H3: {
    title: 'the answer has its form',
    remedy:
      'A text frame with a JSON object whose only field is `heartbeat`: the clock in ms since 1970, or a date as text.',
    of: idHeartbeat,
  },
  H4: {
    title: 'answers each of two at once',
    remedy:
      'Answer each heartbeat once: no "already answering" flag, no debouncing, no rate limit that drops them. A client asks twice where the first answer is slow.',
    of: inMessages,
  },
  H5: {
    title: 'answers whatever else is said',
    remedy:
      'Answer a heartbeat where it is read, also while other messages are handled: not when the line has become quiet, not after a queue of messages.',
    of: inMessages,
  },
  H6: {
    title: 'answers nothing else so',
    remedy:
      'A heartbeat is a text frame of exactly the nine characters `heartbeat`: compare for equality, and look whether the frame is text.',
    of: idHeartbeat,
  },
  T1: {
    title: 'its clock runs as time does',
    remedy:
      'State times of one clock, in ms, taken where the frame is written. Not from a cache; not from the wall clock, where something sets it: add a monotonic clock to the time at which the server began.',
    of: idHeartbeat,
  },
  G1: {
    title: 'answers goodbyes',
    remedy:
      'Answer a close frame with one of the same code, and end the TCP connection. WebSocket packages do so by themselves as long as somebody reads the connection.',
  },
  G2: {
    title: 'sends nobody away for good',
    remedy:
      'After 1002, 1003, 1007, 1008, 1010, 3000 and 3003 clients do not come back. Who is silent is cut off without a close frame; a server that goes away says 1001 or 1012, one that is too busy 1013.',
  },
  M1: {
    title: 'a client of ours comes through every path',
    remedy:
      'The story tells at which step the connection was not where it should have been; what the server said or did not say there is the fault.',
    of: asked,
  },
};

/** What to do, in a dialect. */
export function remedyOf(rule: RuleName, { name }: Protocol): string {
  const isOfIdHeartbeat = name === 'id-heartbeat' || !/^[WH]1$/.test(rule);
  return isOfIdHeartbeat
    ? rules[rule].remedy
    : `The server is to do what ${name} asks of it (docs/DIALECTS.md); or it speaks another dialect: systole watch tells which one to try.`;
}

/** Those of a dialect, in the order of the document. */
export function rulesOf(protocol: Protocol): RuleName[] {
  return (Object.keys(rules) as RuleName[]).filter((name) => rules[name].of?.(protocol) ?? true);
}
