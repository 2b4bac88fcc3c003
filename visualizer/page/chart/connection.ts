/** How systole's own machine is laid out: a visit to the left, what is between visits to the right. Wide rather than high, as the room for it is. */
import type { Arrangement } from './place.ts';

export const connectionArrangement: Arrangement = {
  connection: { gap: 25, row: ['socket', { column: ['reconnecting', 'redialling', 'lost', 'closed'] }] },
  'connection.socket': {
    gap: 25,
    row: [
      {
        gap: 25,
        column: [{ gap: 25, row: ['connecting', { gap: 20, column: ['awaiting-id', 'closing'] }, 'alive'] }, 'stale'],
      },
      '.',
    ],
  },
  'connection.socket.stale': { gap: 15, row: [{ gap: 30, row: ['.', 'silent'] }, 'outdated'] },
};
