/** What an operator asks: state and since when, and the figures. */
import { clockOf, figuresOf, seconds } from './figures.ts';
import { stateWord, wordOf } from './life.ts';
import { asText } from './log.tsx';
import { isConnection, type Machine, moment, time } from './store.ts';

export function Panel({ machine }: { machine: Machine }) {
  const here = moment.value;
  if (here === undefined) return null;
  const { life } = machine;
  const word = life.isOver && here.done ? 'closed' : stateWord(here.value);
  const cause = here.context['cause'];
  return (
    <section class="state panel" aria-label="State">
      <div class={`now ${word}`} aria-live="polite">
        <span class="lamp" aria-hidden="true" />
        <strong>{wordOf(here.value)}</strong>
        {typeof cause === 'string' ? <span class="cause">{cause}</span> : null}
      </div>
      <p class="since">
        since {clockOf(here.since)}, for {seconds(Math.max(0, time.value - here.since))}
      </p>
      {isConnection(life) ? <Figures machine={machine} /> : <pre class="context">{asText(here.context)}</pre>}
    </section>
  );
}

function Figures({ machine }: { machine: Machine }) {
  const here = moment.value!;
  return (
    <dl class="figures">
      {figuresOf(machine.life, here, time.value).map(({ name, value, note, fill }) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            <b>{value}</b>
            {note === undefined || note === '' ? null : <small>{note}</small>}
            {fill === undefined ? null : <meter value={fill} aria-label={`${name} fill`} />}
          </dd>
        </div>
      ))}
    </dl>
  );
}
