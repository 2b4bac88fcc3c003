/**
 * For a server that shows no life: the connection is dialled again when it closes, and has no heart. What fires no event is not noticed.
 */
import type { Protocol } from './protocol.ts';

export function silent(): Protocol {
  return { name: 'silent', liveness: 'none', session: () => ({ opened: () => ({ named: {} }) }) };
}
