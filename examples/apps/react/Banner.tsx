import { useEffect, useState } from 'react';
import type { Snapshot } from 'systole';

interface Props {
  snapshot: Snapshot;
  lastHeardAt: number | undefined;
  onTryNow: () => void;
  onSignIn: () => void;
}

/** Says how the line is where there is something to say. Its place is always there: screen readers tell what changes in it. */
export function Banner(props: Props) {
  return <div role="status">{wordsOf(props)}</div>;
}

function wordsOf({ snapshot: { state, cause, nextDialAt }, lastHeardAt, onTryNow, onSignIn }: Props) {
  switch (state) {
    case 'stale':
      return <p className="banner calm">Checking the line …</p>;
    case 'connecting':
    case 'awaiting-id':
    case 'reconnecting':
      // Without a cause nothing has gone wrong yet: it is the first dial.
      if (cause === undefined) return <p className="banner calm late">Connecting …</p>;
      return (
        <p className="banner warn">
          <span>
            <strong>You are offline.</strong> <Countdown to={nextDialAt} />
            {lastHeardAt !== undefined && <small>Last heard at {new Date(lastHeardAt).toLocaleTimeString()}</small>}
          </span>
          <button onClick={onTryNow} disabled={state !== 'reconnecting'}>
            Try now
          </button>
        </p>
      );
    case 'closed':
      return (
        <p className="banner end">
          <span>
            <strong>{cause === 'fatal' ? 'You have been signed out.' : 'The connection has ended.'}</strong>
            <small>{cause === 'fatal' ? 'Your session has ended on the server.' : `The cause: ${cause}`}</small>
          </span>
          <button onClick={onSignIn}>Sign in again</button>
        </p>
      );
    default:
      return null;
  }
}

/** Ticks by itself, and only while it is shown. It is not read out: a voice that counts is no help. */
function Countdown({ to }: { to: number | undefined }) {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 250);
    return () => clearInterval(timer);
  }, []);
  if (to === undefined) return <>Trying now …</>;
  if (to === Infinity) return <>Waiting until you are back.</>;
  return (
    <>
      Trying again <span aria-hidden="true">in {Math.max(1, Math.ceil((to - now) / 1_000))} s</span>
    </>
  );
}
