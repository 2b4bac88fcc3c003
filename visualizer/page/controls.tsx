/** Buttons that do harm, and those that mend it. */
import { signal } from '@preact/signals';

import type { NodeName } from '../../bin/demo/nodes.ts';
import type { StageCommand, Status } from '../../bin/demo/stagehand.ts';
import { summary } from '../../bin/demo/tally.ts';
import { doubtful, hearing, order, stage } from './control.ts';
import { Question } from './icons.tsx';
import { isConnection } from './life.ts';
import { news, shown } from './store.ts';

/** Where all of them are shown. */
const isOpen = signal(false);

/** What is done, and what that means: said where one points at it, and by the question mark where one cannot point. */
const words = {
  pull: [
    'Pull the cable',
    'Both sockets stay open, and nothing passes: nobody is told, until a heartbeat is not answered.',
  ],
  kill: ['Kill', 'Ends one of the two servers without a word. Dials are led to the other one, on the same log.'],
  reconnect: ['Reconnect', 'The client leaves its line, and dials at once.'],
  close: ['Close', 'The client closes the connection for good; Dial anew begins another one.'],
  mute: ['Mute beats', 'The server leaves heartbeats unanswered, though all else passes: the line counts as dead.'],
  refuse: [
    'Refuse dials',
    'The server answers each dial with HTTP 503, as one does that is overloaded. Who is there stays.',
  ],
  restart: ['Restart', 'Both servers say goodbye (1012), and are there again after a second.'],
  forget: [
    'Forget the id',
    'The server ends its lines without a word, and knows nobody any more: who comes back is given a new id.',
  ],
  reset: ['Reset the link', 'The cable ends every line with a TCP reset, which is noticed at once.'],
  delay: ['delay', 'What the cable takes, each way.'],
  clock: ['server clock', 'By how much the clock of the server is wrong. The client measures it, as its offset.'],
  push: ['Push', 'The server sends the client one message, outside of the topic.'],
  flood: ['Flood', 'The server sends the client 1,000 messages at once.'],
  send: ['Send', 'The client sends the server a message; while it has no line, it waits.'],
  attempt: ['attempt', 'Which dial this is since the line was last stable.'],
  ticks: [
    'caught up, lost',
    'Numbers are published to a topic all the time. Those that the client missed, and heard after all; and those that it never heard.',
  ],
} as const;

export function Controls() {
  const now = stage.value;
  if (now === undefined) return null;
  const isPulled = now.cable === 'pulled';
  const isMuted = now.heartbeats === 'muted';
  const isRefused = now.dials === 'refused';
  const isOver = now.client === 'closed';
  return (
    <section class="controls panel" aria-label="The demo's server and cable">
      <fieldset disabled={hearing.value !== 'heard'}>
        <div class="cable">
          <Action
            class={`big ${isPulled ? 'mend' : 'harm'}`}
            is={isPulled}
            word="pull"
            does={{ do: isPulled ? 'plug' : 'pull' }}
            called={isPulled ? 'Plug the cable' : 'Pull the cable'}
          />
          <svg class="wire" viewBox="0 0 120 24" aria-hidden="true">
            <path
              d={isPulled ? 'M8 12 H46 m6 -6 l-6 12 M68 6 l6 12 m0 -6 H112' : 'M8 12 H112'}
              class={isPulled ? 'cut' : ''}
            />
            <circle cx="5" cy="12" r="3.5" />
            <circle cx="115" cy="12" r="3.5" />
          </svg>
          <Told now={now} />
        </div>
        <div class="nodes">
          <OneNode name="A" now={now} />
          <OneNode name="B" now={now} />
          <button type="button" aria-expanded={isOpen.value} onClick={() => (isOpen.value = !isOpen.value)}>
            more
          </button>
          <Words />
        </div>
        <div class="acts">
          <Action word="reconnect" does={{ do: 'reconnect' }} isIdle={isOver} />
          {isOver ? (
            <Action class="mend" word="close" does={{ do: 'dial' }} called="Dial anew" />
          ) : (
            <Action word="close" does={{ do: 'close' }} />
          )}
          <Action
            is={isMuted}
            word="mute"
            does={{ do: isMuted ? 'unmute' : 'mute' }}
            called={isMuted ? 'Answer beats' : 'Mute beats'}
          />
          <Action
            is={isRefused}
            word="refuse"
            does={{ do: isRefused ? 'accept' : 'refuse' }}
            called={isRefused ? 'Accept dials' : 'Refuse dials'}
          />
        </div>
        {isOpen.value ? <More now={now} /> : null}
      </fieldset>
    </section>
  );
}

interface Act {
  word: keyof typeof words;
  does: StageCommand;
  /** Default: as the word is. */
  called?: string;
  /** Of one that is pressed until it is undone. */
  is?: boolean;
  isIdle?: boolean;
  class?: string;
}

function Action({ word, does, called = words[word][0], is, isIdle = false, class: its }: Act) {
  return (
    <button
      type="button"
      class={its}
      title={words[word][1]}
      aria-pressed={is}
      disabled={isIdle}
      onClick={() => order(does, called)}
    >
      {called}
    </button>
  );
}

/** What the client has heard of the numbers; or that of the demo nothing is heard. */
function Told({ now }: { now: Status }) {
  const inDoubt = doubtful.value.map((each) => `“${each}”`).join(', ');
  const doubt = inDoubt === '' ? null : <span class="doubt">{inDoubt} may not have come</span>;
  if (hearing.value !== 'heard') {
    return (
      <p class="told" role="status">
        <strong>{hearing.value === 'ended' ? 'The demo has ended.' : 'The demo is not heard of.'}</strong>
        {doubt ?? <span>Dialled until it is back.</span>}
      </p>
    );
  }
  return (
    <p class="told" title={words.ticks[1]}>
      <Ticks now={now} />
      {doubt ?? <span>ticks, kept in {now.keeper}</span>}
    </p>
  );
}

function Ticks({ now: { missed, catchingUp, returned } }: { now: Status }) {
  if (catchingUp > 0) return <strong>{`catching up: ${catchingUp} of ${catchingUp + missed}`}</strong>;
  if (missed > 0) return <strong class="doubt">{`${missed} not heard yet`}</strong>;
  if (returned === null) return <strong>no number is missed</strong>;
  const isWhole = returned.lost + returned.twice + returned.gaps === 0;
  return <strong class={isWhole ? 'whole' : 'broken'}>{summary(returned)}</strong>;
}

function OneNode({ name, now: { node, killed, server } }: { name: NodeName; now: Status }) {
  const isGone = killed === name || killed === 'both';
  const how = isGone ? 'gone' : server === 'down' ? 'away' : node === name ? 'in use' : 'ready';
  return (
    <div class={`node ${how.replace(' ', '-')}`} role="group" aria-label={`Node ${name}: ${how}`}>
      <b>{name}</b>
      <span>{how}</span>
      <button
        type="button"
        class={isGone ? 'mend' : ''}
        title={words.kill[1]}
        aria-label={`${isGone ? 'Revive' : 'Kill'} node ${name}`}
        disabled={server === 'down'}
        onClick={() =>
          order({ do: isGone ? 'revive' : 'kill', node: name }, `${isGone ? 'Revive' : 'Kill'} node ${name}`)
        }
      >
        {isGone ? 'Revive' : 'Kill'}
      </button>
    </div>
  );
}

function More({ now }: { now: Status }) {
  return (
    <div class="more">
      <Action word="restart" does={{ do: 'restart' }} isIdle={now.server === 'down'} />
      <Action word="forget" does={{ do: 'forget' }} isIdle={now.server === 'down'} />
      <Action word="reset" does={{ do: 'reset' }} />
      <Action word="push" does={{ do: 'push' }} />
      <Action word="flood" does={{ do: 'flood', count: 1_000 }} />
      <Action word="send" does={{ do: 'send', text: 'hello from the page' }} />
      <label title={words.delay[1]}>
        delay
        <select
          value={String(now.delay)}
          onChange={({ currentTarget }) => order({ do: 'delay', ms: Number(currentTarget.value) }, 'delay')}
        >
          {options([0, 50, 200, 500, 1_000, 2_000], now.delay).map((ms) => (
            <option key={ms} value={String(ms)}>
              {ms} ms
            </option>
          ))}
        </select>
      </label>
      <label title={words.clock[1]}>
        server clock
        <select
          value={String(now.skew)}
          onChange={({ currentTarget }) => order({ do: 'skew', ms: Number(currentTarget.value) }, 'server clock')}
        >
          {options([-3_600_000, -90_000, 0, 90_000, 3_600_000], now.skew).map((ms) => (
            <option key={ms} value={String(ms)}>
              {ms === 0 ? 'right' : `${amountOf(Math.abs(ms))} ${ms < 0 ? 'behind' : 'ahead'}`}
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}

/** For fingers, which do not point without pressing. */
function Words() {
  return (
    <>
      <button type="button" class="ask" popovertarget="words" aria-label="What these words mean">
        <Question />
      </button>
      <dl id="words" class="words" popover="auto" aria-label="What these words mean">
        {Object.values(words).map(([word, meaning]) => (
          <div key={word}>
            <dt>{word}</dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
    </>
  );
}

function amountOf(ms: number): string {
  return ms % 3_600_000 === 0 ? `${ms / 3_600_000} h` : `${ms / 1_000} s`;
}

/** What may be chosen, with what is chosen although it is none of them. */
function options(usual: readonly number[], chosen: number): number[] {
  return [...new Set([...usual, chosen])].toSorted((a, b) => a - b);
}

const typed = signal('');
const trouble = signal('');
const telling = 'Sends this event to the machine, as if it had happened.';

/** Tells the machine something, as its own events are told. Beside the demo's buttons it is one of those that are not needed all the time. */
export function Teller() {
  void news.value;
  const machine = shown.value;
  const send = machine?.source.send;
  if (machine === undefined || send === undefined || (stage.value !== undefined && !isOpen.value)) return null;
  const types = eventTypesOf(machine.life.definition);
  const isDeaf = machine.life.isOver || machine.lostAt !== undefined;
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const told = eventIn(typed.value);
    trouble.value = told === undefined ? 'An event is its type, or JSON with one: {"type": "user.closed"}.' : '';
    if (told !== undefined) send(machine.life.session, told);
  };
  return (
    <form class="teller" onSubmit={submit} aria-label="Send an event to the machine">
      <input
        list="event-types"
        disabled={isDeaf}
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
      <button type="submit" title={telling} disabled={isDeaf}>
        Tell
      </button>
      {trouble.value === '' ? <p>{telling}</p> : <p role="alert">{trouble.value}</p>}
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
