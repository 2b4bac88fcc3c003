import { useEffect, useState } from 'react';
import { json } from 'systole';
import { useConnection } from 'systole/react';
import * as v from 'valibot';

import { Banner } from './Banner';

const feed = new URLSearchParams(location.search).get('feed') ?? import.meta.env.VITE_FEED;
const interval = Number(import.meta.env.VITE_HEARTBEAT ?? 25_000);

const options = {
  heartbeat: { interval, timeout: interval / 2 },
  codec: json({ receive: v.object({ number: v.number(), text: v.string() }) }),
};

interface Parcel {
  number: number;
  text: string;
  at: number;
  /** How many were missed before this one. */
  missed: number;
}

export function Inbox({ session, onSignIn }: { session: string; onSignIn: () => void }) {
  const { connection, ...snapshot } = useConnection(`${feed}?session=${session}`, options);
  const [parcels, setParcels] = useState<Parcel[]>([]);

  useEffect(
    () =>
      connection?.on('message', ({ number, text }) =>
        setParcels((all) => {
          const missed = all[0] === undefined ? 0 : number - all[0].number - 1;
          return [{ number, text, at: Date.now(), missed }, ...all].slice(0, 50);
        }),
      ),
    [connection],
  );

  const isFresh = snapshot.state === 'alive';
  return (
    <main>
      <header>
        <h1>Parcels</h1>
        <button className="quiet" disabled={!isFresh} onClick={() => connection?.send('sign out')}>
          Sign out everywhere
        </button>
      </header>
      <Banner
        snapshot={snapshot}
        lastHeardAt={connection?.lastHeardAt}
        onTryNow={() => connection?.reconnect()}
        onSignIn={onSignIn}
      />
      <ol className={isFresh ? 'parcels' : 'parcels old'} aria-label="Parcels, the latest first">
        {parcels.map(({ number, text, at, missed }) => (
          <li key={number}>
            <span className="number">{number}</span>
            <span>{text}</span>
            <time dateTime={new Date(at).toISOString()}>{clock(at)}</time>
            {missed > 0 && <em>{missed} before this one were missed</em>}
          </li>
        ))}
      </ol>
      {parcels.length === 0 && <p className="empty">Nothing has come yet.</p>}
    </main>
  );
}

function clock(at: number) {
  return new Date(at).toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
}
