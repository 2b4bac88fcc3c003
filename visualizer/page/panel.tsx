/** What an operator asks: state and since when, why, how long nothing was heard, and the figures. Of the same height in every state. */
import { type Figure, clockOf, dayTimeOf, figuresOf, type LastHeard, seconds, topicsAt, type Why } from './figures.ts';
import { isConnection, isOutage, stateWord, wordOf } from './life.ts';
import { asText } from './log.tsx';
import { Plots } from './plots.tsx';
import { type Machine, moment, time } from './store.ts';
import { Term } from './term.tsx';
import { toneOf } from './tone.ts';
import { Topics } from './topics.tsx';

export function Panel({ machine }: { machine: Machine }) {
  const here = moment.value;
  if (here === undefined) return null;
  const { life } = machine;
  const isOurs = isConnection(life);
  const isOver = life.isOver && here.done;
  const word = isOver ? 'closed' : stateWord(here.value);
  const [first = '', ...within] = wordOf(here.value).split(isOurs ? / (?=·)/ : /$^/);
  return (
    <section class={`state panel ${isOurs ? 'ours' : ''}`} aria-label="State">
      <div class={`now tone-${isOurs ? toneOf(word, isOutage(word, here.context)) : isOver ? 'over' : 'dialling'}`}>
        <span class="lamp" aria-hidden="true" />
        <strong aria-live="polite">
          {first}
          {within.length === 0 ? null : <span class="within"> {within.join(' ')}</span>}
        </strong>
        <span class="since">
          for {seconds(Math.max(0, time.value - here.since))}, since{' '}
          <time title={clockOf(here.since)}>{dayTimeOf(here.since)}</time>
        </span>
      </div>
      {isOurs ? <Ours machine={machine} /> : <pre class="context">{asText(here.context)}</pre>}
    </section>
  );
}

function Ours({ machine }: { machine: Machine }) {
  const here = moment.value!;
  const word = stateWord(here.value);
  const { why, lastHeard, outage, line, messages } = figuresOf(machine.life, here, time.value);
  return (
    <>
      <Reason why={why} />
      <Heard heard={lastHeard} tone={toneOf(word, isOutage(word, here.context))} />
      <dl class="figures outage">{outage.map(show)}</dl>
      <dl class="figures line">{line.map(show)}</dl>
      <dl class="figures messages">{messages.map(show)}</dl>
      <Plots life={machine.life} />
      <Topics topics={topicsAt(machine.life, time.value)} isOver={word === 'closed' || word === 'closing'} />
    </>
  );
}

/** So many characters of the details are seen; all of them in its title. */
const mostDetails = 60;

function Reason({ why: { text, code, details } }: { why: Why }) {
  const seen = details.length > mostDetails ? `${details.slice(0, mostDetails)}…` : details;
  return (
    <p class="why" title={details}>
      <span>{text}</span>
      {code === '' ? null : <code>{code}</code>}
      {seen === '' ? null : <small>{seen}</small>}
    </p>
  );
}

function Heard({ heard: { value, meaning, fill, asked }, tone }: { heard: LastHeard; tone: string }) {
  const isEmpty = fill === undefined;
  return (
    <div class="last-heard">
      <Term name="last heard">{meaning}</Term>
      <span
        class={`spell tone-${tone}${isEmpty ? ' empty' : ''}`}
        role="meter"
        aria-label="Silence"
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.round((fill ?? 0) * 100)}
        aria-valuetext={value}
      >
        <span class="fill" style={{ width: `${(fill ?? 0) * 100}%` }} />
        {asked === undefined ? null : <span class="asked" style={{ left: `${asked * 100}%` }} />}
      </span>
      <b>{value}</b>
    </div>
  );
}

const explained: Readonly<Record<string, string>> = {
  attempt:
    'Dials since the line was last stable, this one included. It sets how long the next wait is; 0: the line is stable.',
  unconfirmed:
    'Messages that were handed to the socket, and that no answered heartbeat has proved to have left. When the line is lost, they may be.',
  'dead within':
    'A line on which nothing comes any more is given up after this at the latest: the interval between two heartbeats, and the time that one has to be answered.',
  'clock offset': "How far the server's clock is ahead of this one (+) or behind it (−), by the times that it states.",
  'offline for': 'Since the line was given up, over all dials, until one is alive again.',
  buffer: 'Messages that wait here until there is a line again.',
};

function show({ name, value, note, fill, asOf }: Figure) {
  const explanation = explained[name];
  const when = asOf === undefined ? null : <small class="when">as of {dayTimeOf(asOf)}</small>;
  const isNoted = note !== undefined && note !== '';
  return (
    <div key={name} class={asOf === undefined ? '' : 'once'}>
      <dt>{explanation === undefined ? name : <Term name={name}>{explanation}</Term>}</dt>
      <dd>
        <b>
          {value}
          {isNoted ? when : null}
        </b>
        {isNoted ? <small>{note}</small> : when}
        {fill === undefined ? null : <meter value={fill} aria-label={`${name} fill`} />}
      </dd>
    </div>
  );
}
