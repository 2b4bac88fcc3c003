/** Of trusted push: how far each topic is, and what its last return brought. */
import type { TopicTold } from '../entry.ts';
import { Term } from './term.tsx';

/** So many lines are seen; the others are scrolled to. */
const mostSeen = 4;

const states: Readonly<Record<TopicTold['state'], { text: string; tone: string }>> = {
  asking: { text: 'asking', tone: 'dialling' },
  behind: { text: 'catching up', tone: 'doubt' },
  live: { text: 'live', tone: 'alive' },
  loading: { text: 'loading', tone: 'dialling' },
};

/** @param isOver of the connection: nothing is live any more */
export function Topics({ topics, isOver }: { topics: readonly TopicTold[]; isOver: boolean }) {
  if (topics.length === 0) return null;
  const lines = Math.min(topics.length, mostSeen);
  const more = topics.length - lines;
  return (
    <div class="topics">
      <p class="heading">
        <Term name="topics">
          Of trusted push: the place of the newest message of each, whether all of it has come, and what its last return
          brought. A gap is a stretch of messages that nobody can bring any more.
        </Term>
        {more === 0 ? null : <span>+{more} more below</span>}
      </p>
      <ul style={{ '--lines': lines }} tabIndex={more === 0 ? undefined : 0} aria-label="Topics">
        {topics.map((topic, i) => (
          <Topic key={`${i} ${topic.name}`} topic={topic} isOver={isOver} />
        ))}
      </ul>
    </div>
  );
}

function Topic({ topic, isOver }: { topic: TopicTold; isOver: boolean }) {
  const { name, state, at, caughtUp, lost, gaps } = topic;
  const { text, tone } = isOver
    ? { text: 'over', tone: 'over' }
    : Object.hasOwn(states, state)
      ? states[state]
      : { text: state, tone: 'over' };
  return (
    <li>
      <b title={name}>{shortened(name)}</b>
      <span class="at">{at === null ? 'not begun' : `at ${at.toLocaleString('en')}`}</span>
      <span class={`how tone-${tone}`}>{text}</span>
      <span
        class={`return${lost === 0 ? '' : ' tone-dead'}`}
        title={lost === null ? 'Some may be lost; nobody knows how many.' : undefined}
      >
        {returnOf(caughtUp, lost)}
      </span>
      {gaps === 0 ? null : (
        <span class="gaps tone-dead">
          {gaps.toLocaleString('en')} {gaps === 1 ? 'gap' : 'gaps'}
        </span>
      )}
    </li>
  );
}

/** Of the last time that it came back, or is coming back. */
function returnOf(caughtUp: number, lost: number | null): string {
  if (caughtUp === 0 && lost === 0) return 'nothing missed';
  const missing = lost === null ? '? lost' : `${lost.toLocaleString('en')} lost`;
  return `${caughtUp.toLocaleString('en')} caught up, ${missing}`;
}

function shortened(name: string): string {
  return name.length > 14 ? `${name.slice(0, 5)}…${name.slice(-6)}` : name;
}
