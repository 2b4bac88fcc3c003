/**
 * What a page may say: that it is there, that it wants a sign of life, and that a machine be sent an event. Whatever else comes, or comes in another
 * shape, is nothing.
 */
import type { Observation } from './observe.ts';

/** Who agrees on this subprotocol answers heartbeats. */
export const subprotocol = 'systole.inspect';
/** Offered before it: a server that does not know either agrees on the first, as npm `ws` does by itself. */
export const anySubprotocol = 'xstate.inspect';

/** What a page asks with, and what it is answered. */
export const heartbeat = { type: 'systole.heartbeat' } as const;
export const heartbeatText = JSON.stringify(heartbeat);

/** Characters of what a page says. */
export const longestCommand = 65_536;

export type PageCommand =
  | { type: 'inspecting' }
  | { type: 'heartbeat' }
  | { type: 'send'; session: string; event: { type: string } };

/** @param message as it came: JSON, or an object of the window protocol */
export function commandIn(message: unknown): PageCommand | undefined {
  const { type, event, service } = fieldsOf(typeof message === 'string' ? parsed(message) : message);
  if (type === 'xstate.inspecting') return { type: 'inspecting' };
  if (type === heartbeat.type) return { type: 'heartbeat' };
  if (type !== 'xstate.event' || typeof event !== 'string') return undefined;
  const told = fieldsOf(parsed(event));
  // As `@xstate/inspect` wants it, an SCXML event; or the event itself.
  const data = typeof told['data'] === 'object' ? fieldsOf(told['data']) : told;
  const session = service ?? told['origin'];
  const name = data['type'];
  if (typeof session !== 'string' || typeof name !== 'string') return undefined;
  return { type: 'send', session, event: { ...data, type: name } };
}

/** What a page is told that asks. */
export interface Answers {
  /** What there was before it came. */
  readonly replay: () => void;
  /** That somebody is there. */
  readonly beat: () => void;
}

/** Does what a page says. */
export function obey(message: unknown, observation: Observation, { replay, beat }: Answers): void {
  const command = commandIn(message);
  if (command?.type === 'inspecting') replay();
  if (command?.type === 'heartbeat') beat();
  if (command?.type === 'send') observation.send(command.session, command.event);
}

/** No field becomes a prototype, whoever copies the event later. */
function parsed(json: string): unknown {
  if (json.length > longestCommand) return undefined;
  try {
    return JSON.parse(json, (key, value: unknown) => (key === '__proto__' ? undefined : value));
  } catch {
    return undefined;
  }
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}
