/** @jsxImportSource solid-js */
import { createSignal, For, from, onCleanup, Show } from 'solid-js';
import { connect, json } from 'systole';

const interval = Number(import.meta.env.VITE_HEARTBEAT ?? 25_000);

export function Inbox() {
  const connection = connect(import.meta.env.VITE_FEED, {
    heartbeat: { interval, timeout: interval / 2 },
    codec: json(),
  });
  onCleanup(connection.close);

  const snapshot = from(connection, connection.snapshot);
  const [parcels, setParcels] = createSignal([]);
  connection.on('message', (parcel) => setParcels((all) => [parcel, ...all].slice(0, 20)));

  const [now, setNow] = createSignal(Date.now());
  const timer = setInterval(() => setNow(Date.now()), 250);
  onCleanup(() => clearInterval(timer));

  const words = () => {
    const { state, cause, nextDialAt } = snapshot();
    if (state === 'alive' || state === 'stale') return '';
    if (state === 'closed') return `the connection has ended: ${cause}`;
    if (cause === undefined) return 'connecting …';
    if (nextDialAt === undefined) return 'offline, trying now …';
    return `offline, trying again in ${Math.max(1, Math.ceil((nextDialAt - now()) / 1_000))} s`;
  };

  return (
    <>
      <h1>Parcels</h1>
      <div role="status">
        <Show when={words()}>
          <p>
            {words()}
            <Show when={snapshot().nextDialAt}>
              <button onClick={() => connection.reconnect()}>Try now</button>
            </Show>
          </p>
        </Show>
      </div>
      <ol reversed>
        <For each={parcels()}>{({ number, text }) => <li value={number}>{text}</li>}</For>
      </ol>
    </>
  );
}
