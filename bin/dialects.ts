/**
 * The dialects that the commands know by name, and how their servers begin: a row for each. Nothing here decides what a dialect does.
 */
import { actionCable } from '../adapters/protocols/actioncable.ts';
import { graphqlTransportWs } from '../adapters/protocols/graphql-transport-ws.ts';
import { homeAssistant } from '../adapters/protocols/home-assistant.ts';
import { idHeartbeat } from '../adapters/protocols/id-heartbeat.ts';
import { mqtt } from '../adapters/protocols/mqtt.ts';
import { nativePing } from '../adapters/protocols/native-ping.ts';
import { nats } from '../adapters/protocols/nats.ts';
import { phoenix } from '../adapters/protocols/phoenix.ts';
import { plain } from '../adapters/protocols/plain.ts';
import { field, type Frame, jsonObject, type Protocol } from '../adapters/protocols/protocol.ts';
import { pusher } from '../adapters/protocols/pusher.ts';
import { silent } from '../adapters/protocols/silent.ts';
import { trpc } from '../adapters/protocols/trpc.ts';
import { UsageError } from './arguments.ts';
import type { Seen } from './look.ts';
import { oneOf } from './nearest.ts';
import { printable } from './terminal.ts';

interface Dialect {
  /** @param texts for `plain` alone */
  make: (texts: { heartbeat?: string; reply?: string }) => Protocol;
  /** What the server does, as the help has it: one line of up to 50 characters. */
  how: string;
}

export const dialects: Readonly<Record<string, Dialect>> = {
  'id-heartbeat': { make: idHeartbeat, how: "it names the session, and answers 'heartbeat'" },
  plain: { make: plain, how: 'it answers one text with another' },
  'native-ping': { make: nativePing, how: 'it answers pings of WebSocket itself: any server does' },
  actioncable: { make: () => actionCable(), how: 'Rails Action Cable: it pings by itself' },
  'graphql-transport-ws': { make: graphqlTransportWs, how: "GraphQL: it answers the subprotocol's pings" },
  trpc: { make: trpc, how: 'tRPC: it answers PING with PONG' },
  'home-assistant': { make: () => homeAssistant(), how: 'Home Assistant: it answers who is authenticated' },
  phoenix: { make: () => phoenix(), how: 'Phoenix channels, Supabase: it answers a heartbeat' },
  pusher: { make: pusher, how: 'Pusher Channels: it answers pusher:ping' },
  mqtt: { make: () => mqtt(), how: 'MQTT: it answers PINGREQ, once somebody says CONNECT' },
  nats: { make: nats, how: 'NATS: it answers PING, once somebody says CONNECT' },
  silent: { make: silent, how: 'not at all: a dead line is not noticed' },
};

/** For helps: a line each. */
export const dialectLines = Object.entries(dialects)
  .map(([name, { how }]) => `      ${name.padEnd(20)} ${how}`)
  .join('\n');

/** @throws {UsageError} for a name that there is not, or texts that are not for it */
export function protocolNamed(name: string, { heartbeat, reply }: { heartbeat?: string; reply?: string }): Protocol {
  const dialect = Object.hasOwn(dialects, name) ? dialects[name] : undefined;
  if (dialect === undefined) throw new UsageError(`--protocol ${oneOf(Object.keys(dialects), name)}`);
  for (const [option, given] of Object.entries({ heartbeat, reply })) {
    if (given !== undefined && name !== 'plain') throw new UsageError(`--${option} goes with --protocol plain only`);
  }
  return dialect.make({ ...(heartbeat !== undefined && { heartbeat }), ...(reply !== undefined && { reply }) });
}

/** How servers begin by themselves, by the name of their dialect. */
const beginnings: readonly (readonly [name: string, fits: (text: string, message: object) => boolean])[] = [
  ['id-heartbeat', (_, message) => Object.hasOwn(message, 'id') && Object.hasOwn(message, 'now_time')],
  ['actioncable', (_, message) => field(message, 'type') === 'welcome'],
  ['pusher', (_, message) => field(message, 'event') === 'pusher:connection_established'],
  ['home-assistant', (_, message) => field(message, 'type') === 'auth_required'],
  ['graphql-transport-ws', (_, message) => field(message, 'type') === 'connection_ack'],
  ['nats', (text) => text.startsWith('INFO {')],
  ['trpc', (text) => text === 'PING'],
];

/** The name of the dialect in which a server says this, where it is another one than was tried; undefined: who knows. */
export function anotherIn(said: readonly string[], tried: string): string | undefined {
  const name = guess(said);
  return name === tried ? undefined : name;
}

/** Of whichever was tried. */
export function guess(said: readonly string[]): string | undefined {
  for (const text of said) {
    const message = jsonObject(text) ?? {};
    const found = beginnings.find(([, fits]) => fits(text, message));
    if (found !== undefined) return found[0];
  }
  return undefined;
}

/** How much is repeated of what nobody understands, in characters. */
const longestQuote = 60;

/**
 * What to try with a server that did not name the session in the dialect that was tried.
 * @param said what it said instead, first things first
 */
export function advice(said: readonly string[], tried: string): string {
  const name = anotherIn(said, tried);
  if (name !== undefined) return `the server begins as ${name} does: try --protocol ${name}`;
  const [first] = said;
  const others = ['plain', 'native-ping', 'silent'].filter((other) => other !== tried);
  const offer = `try --protocol ${others.join(', or ')}`;
  if (first === undefined) return `the server says nothing by itself: ${offer}`;
  const quote = printable(first.slice(0, longestQuote)) + (first.length > longestQuote ? '…' : '');
  return `the server begins with ${quote}: ${offer}, unless you know what speaks so`;
}

/** The same, once it was looked at. No word of the server's is in it: it is what somebody is going to type. */
export function afterLook({ said, answer, ponged }: Seen, tried: string): string {
  if (anotherIn(said, tried) !== undefined) return advice(said, tried);
  const pings = 'native-ping (which only npm ws can send)';
  if (answer === 'echo' || answer === 'pong') {
    const plainly = `--protocol plain --heartbeat heartbeat --reply ${answer === 'echo' ? 'heartbeat' : 'pong'}`;
    const how = answer === 'echo' ? 'echoes what it is told' : "answers 'heartbeat' with 'pong'";
    return `looked at, the server ${how}: try ${plainly}${ponged ? `, or ${pings}` : ''}`;
  }
  if (answer === 'id-heartbeat') {
    const otherwise = ponged ? `; until then --protocol ${pings}` : '';
    return `looked at, the server answers heartbeats as id-heartbeat does, and names nobody: it has to begin with {"id":…,"now_time":…}${otherwise}`;
  }
  if (ponged) return `looked at, the server answers pings of WebSocket itself: try --protocol ${pings}`;
  return "looked at, the server answers neither a ping nor 'heartbeat': what is left is --protocol silent, by which a dead line is not noticed";
}

/** As much is kept of what a server says: how it begins is short. */
const most = { frames: 4, characters: 4_096 };

/** The same protocol; `said` is what was said on its present visit, bytes taken for text, as NATS sends it. */
export function overheard(protocol: Protocol): { protocol: Protocol; said: readonly string[] } {
  const said: string[] = [];
  const session: Protocol['session'] = (visitor) => {
    const inner = protocol.session(visitor);
    said.length = 0;
    return {
      opened: (subprotocol) => inner.opened?.(subprotocol),
      received(frame) {
        if (said.length < most.frames) said.push(textOf(frame).slice(0, most.characters));
        return inner.received?.(frame);
      },
      ponged: () => inner.ponged?.(),
      probe: (again) => inner.probe?.(again),
      ...(inner.sent && { sent: (message) => inner.sent?.(message) ?? false }),
      closed: (code, reason) => inner.closed?.(code, reason),
      ended: (heardAt) => inner.ended?.(heardAt),
    };
  };
  return { said, protocol: Object.create(protocol, { session: { value: session } }) as Protocol };
}

function textOf(frame: Frame): string {
  return typeof frame === 'string' ? frame : Buffer.from(frame).toString();
}
