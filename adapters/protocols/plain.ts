/**
 * Any server that answers one fixed text with another.
 */
import type { Protocol } from './protocol.ts';

export interface PlainOptions {
  /** The text we ask with. Default `ping`. */
  heartbeat?: string;
  /** The text the server answers with; swallowed. It need not differ from the question. Default `pong`. */
  reply?: string;
}

export function plain({ heartbeat = 'ping', reply = 'pong' }: PlainOptions = {}): Protocol {
  for (const [name, value] of Object.entries({ heartbeat, reply })) {
    if (typeof value !== 'string')
      throw new TypeError(`plain: ${name} must be a string, as in plain({ ${name}: 'ping' })`);
  }
  const asked = { write: [heartbeat] };
  const answered = { beat: {}, swallow: true };
  return {
    name: 'plain',
    liveness: 'ask',
    session: () => ({
      opened: () => ({ named: {} }),
      received: (frame) => (frame === reply ? answered : undefined),
      probe: () => asked,
    }),
  };
}
