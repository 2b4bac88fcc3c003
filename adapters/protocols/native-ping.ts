/**
 * Ping and pong frames of RFC 6455 §5.5.2, which every server answers without knowing of it. npm `ws` can send them, and Bun's own class: browsers and
 * the WebSocket built into Node show neither to their users.
 */
import { ping, type Protocol } from './protocol.ts';

export function nativePing(): Protocol {
  const asked = { write: [ping] } as const;
  const answered = { beat: {} };
  return {
    name: 'native-ping',
    liveness: 'ask',
    needsPing: true,
    session: () => ({
      opened: () => ({ named: {} }),
      ponged: () => answered,
      probe: () => asked,
    }),
  };
}
