/** How systole's own machine is laid out: a visit above, what is between visits below. */
import type { Arrangement } from './place.ts';

export const connectionArrangement: Arrangement = {
  connection: { rows: [['socket'], ['reconnecting', 'redialling', 'lost', 'closed']], apart: 30, across: 'center' },
  'connection.socket': {
    columns: [['connecting', '.'], ['awaiting-id', 'closing'], ['alive'], ['stale']],
    apart: 30,
    gap: 25,
  },
  'connection.socket.stale': { columns: [['.', 'silent', 'outdated']], gap: 10, apart: 20 },
};
