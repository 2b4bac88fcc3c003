/** What is shown before there is anything to show. */
import { waitingFor } from './store.ts';

export function Nothing() {
  return (
    <main class="nothing">
      <h2>No machine yet</h2>
      {waitingFor.value.map((url) => (
        <p key={url}>
          Waiting for <code>{url}</code>
        </p>
      ))}
      <p>
        In Node: <code>{'connect(url, { inspect: inspect() })'}</code>, with <code>inspect</code> from{' '}
        <code>systole/inspect</code>. In a page the same opens this one. A recording can be loaded above, or dropped
        here.
      </p>
    </main>
  );
}
