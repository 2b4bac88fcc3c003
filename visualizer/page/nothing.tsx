/** What is shown before there is anything to show. */
import { sources } from './store.ts';

export function Nothing() {
  return (
    <main class="nothing">
      <h2>No machine yet</h2>
      {sources.value
        .filter(({ hearing }) => hearing?.value.state !== 'live')
        .map(({ name }) => (
          <p key={name}>
            Waiting for <code>{name}</code>
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
