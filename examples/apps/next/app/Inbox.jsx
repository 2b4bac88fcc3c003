'use client';

import { useEffect, useState } from 'react';
import { json } from 'systole';
import { useConnection } from 'systole/react';

/** On the server this renders `connecting …`, and dials nothing. */
export function Inbox({ feed, interval }) {
  const { connection, state, cause, nextDialAt } = useConnection(feed, {
    heartbeat: { interval, timeout: interval / 2 },
    codec: json(),
  });
  const [parcels, setParcels] = useState([]);
  useEffect(
    () => connection?.on('message', (parcel) => setParcels((all) => [parcel, ...all].slice(0, 20))),
    [connection],
  );

  return (
    <>
      <h1>Parcels</h1>
      <div role="status">
        {state !== 'alive' && state !== 'stale' && (
          <p>
            {cause === undefined && 'connecting …'}
            {cause !== undefined &&
              (state === 'closed' ? `the connection has ended: ${cause}` : 'offline, trying again …')}
            {nextDialAt !== undefined && <button onClick={() => connection.reconnect()}>Try now</button>}
          </p>
        )}
      </div>
      <ol reversed>
        {parcels.map(({ number, text }) => (
          <li key={number} value={number}>
            {text}
          </li>
        ))}
      </ol>
    </>
  );
}
