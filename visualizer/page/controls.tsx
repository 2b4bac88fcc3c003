/** Buttons that do harm, and those that mend it. */
import { signal } from '@preact/signals';

import { order, stage } from './control.ts';
import { isConnection, news, shown } from './store.ts';

export function Controls() {
  const now = stage.value;
  // Whether the machine is over.
  void news.value;
  if (now === undefined) return null;
  const isPulled = now.cable === 'pulled';
  const isMuted = now.heartbeats === 'muted';
  const isRefused = now.dials === 'refused';
  const isKilled = now.killed !== 'none';
  return (
    <section class="controls panel" aria-label="The demo's server and cable">
      <div class="group cable">
        <button
          type="button"
          class={`big ${isPulled ? 'mend' : 'harm'}`}
          aria-pressed={isPulled}
          onClick={() => order({ do: isPulled ? 'plug' : 'pull' })}
        >
          {isPulled ? 'Plug the cable' : 'Pull the cable'}
        </button>
        <svg class="wire" viewBox="0 0 120 24" aria-hidden="true">
          <path
            d={isPulled ? 'M0 12 H46 m6 -6 l-6 12 M68 6 l6 12 m0 -6 H120' : 'M0 12 H120'}
            class={isPulled ? 'cut' : ''}
          />
        </svg>
      </div>
      <div class="group">
        <button type="button" onClick={() => order({ do: 'reconnect' })}>
          Reconnect
        </button>
        {shown.value?.life.isOver === true ? (
          <button type="button" class="mend" onClick={() => order({ do: 'dial' })}>
            Dial anew
          </button>
        ) : (
          <button type="button" onClick={() => order({ do: 'close' })}>
            Close
          </button>
        )}
      </div>
      <div class="group">
        <button type="button" disabled={now.server === 'down'} onClick={() => order({ do: 'restart' })}>
          Restart
        </button>
        <button
          type="button"
          aria-pressed={isKilled}
          disabled={now.server === 'down'}
          onClick={() => order({ do: isKilled ? 'revive' : 'kill' })}
        >
          {isKilled ? `Revive node ${now.killed}` : `Kill node ${now.node}`}
        </button>
        <button type="button" aria-pressed={isMuted} onClick={() => order({ do: isMuted ? 'unmute' : 'mute' })}>
          {isMuted ? 'Answer beats' : 'Mute beats'}
        </button>
        <button type="button" aria-pressed={isRefused} onClick={() => order({ do: isRefused ? 'accept' : 'refuse' })}>
          {isRefused ? 'Accept dials' : 'Refuse dials'}
        </button>
      </div>
      <details class="more">
        <summary>more</summary>
        <div class="group">
          <button type="button" onClick={() => order({ do: 'forget' })}>
            Forget the id
          </button>
          <button type="button" onClick={() => order({ do: 'reset' })}>
            Reset the link
          </button>
          <label>
            delay
            <select
              value={String(now.delay)}
              onChange={({ currentTarget }) => order({ do: 'delay', ms: Number(currentTarget.value) })}
            >
              {options([0, 50, 200, 500, 1_000, 2_000], now.delay).map((ms) => (
                <option key={ms} value={String(ms)}>
                  {ms} ms
                </option>
              ))}
            </select>
          </label>
          <label>
            server clock
            <select
              value={String(now.skew)}
              onChange={({ currentTarget }) => order({ do: 'skew', ms: Number(currentTarget.value) })}
            >
              {options([-3_600_000, -90_000, 0, 90_000, 3_600_000], now.skew).map((ms) => (
                <option key={ms} value={String(ms)}>
                  {ms > 0 ? '+' : ''}
                  {ms / 1_000} s
                </option>
              ))}
            </select>
          </label>
          <button type="button" onClick={() => order({ do: 'push' })}>
            Push
          </button>
          <button type="button" onClick={() => order({ do: 'flood', count: 1_000 })}>
            Flood
          </button>
          <button type="button" onClick={() => order({ do: 'send', text: 'hello from the page' })}>
            Send
          </button>
        </div>
      </details>
    </section>
  );
}

/** What may be chosen, with what is chosen although it is none of them. */
function options(usual: readonly number[], chosen: number): number[] {
  return [...new Set([...usual, chosen])].toSorted((a, b) => a - b);
}

const typed = signal('');
const trouble = signal('');

/** Tells the machine something, as its own events are told. */
export function Teller() {
  void news.value;
  const machine = shown.value;
  const send = machine?.source.send;
  if (machine === undefined || send === undefined || machine.life.isOver) return null;
  const types = eventTypesOf(machine.life.definition);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const told = eventIn(typed.value);
    trouble.value = told === undefined ? 'an event is a type, or JSON with one: {"type": "user.closed"}' : '';
    if (told !== undefined) send(machine.life.session, told);
  };
  return (
    <form class="teller" onSubmit={submit} aria-label="Send an event to the machine">
      <input
        list="event-types"
        placeholder={isConnection(machine.life) ? 'user.reconnected' : 'event, or JSON'}
        aria-label="Event"
        value={typed}
        onInput={({ currentTarget }) => (typed.value = currentTarget.value)}
      />
      <datalist id="event-types">
        {types.map((type) => (
          <option key={type} value={type} />
        ))}
      </datalist>
      <button type="submit">Tell</button>
      {trouble.value === '' ? null : <p role="alert">{trouble.value}</p>}
    </form>
  );
}

interface FormNode {
  states: Record<string, FormNode>;
  transitions: { eventType: string }[];
}

function eventTypesOf(node: FormNode): string[] {
  const own = node.transitions.map(({ eventType }) => eventType);
  const all = [...own, ...Object.values(node.states).flatMap(eventTypesOf)];
  return [...new Set(all)].filter((type) => type !== '' && !/^(?:xstate|done|error)\./.test(type)).toSorted();
}

function eventIn(text: string): { type: string } | undefined {
  const given = text.trim();
  if (/^[\w.*-]+$/.test(given)) return { type: given };
  try {
    const event: unknown = JSON.parse(given);
    const isEvent =
      typeof event === 'object' && event !== null && typeof (event as { type?: unknown }).type === 'string';
    return isEvent ? (event as { type: string }) : undefined;
  } catch {
    return undefined;
  }
}
