/** Whether what is shown is now: the page says of itself what it says of others. */
import { clockOf, seconds } from './figures.ts';
import { cursor, look, type Machine, news, now, sources } from './store.ts';

interface Word {
  tone: 'alive' | 'doubt' | 'dead' | 'over';
  text: string;
  /** Says more, and grows older while it is read. */
  note?: string;
}

export function Heard({ machine }: { machine: Machine | undefined }) {
  void news.value;
  if (machine === undefined) return null;
  const isLive = machine.source.hearing !== undefined && !machine.life.isOver && machine.lostAt === undefined;
  if (cursor.value !== undefined) {
    return (
      <button type="button" class="heard" onClick={() => look(undefined)}>
        {isLive ? 'return to live' : 'to the end'}
      </button>
    );
  }
  return <Told {...wordOf(machine)} />;
}

/** Of all sources: those that are not heard are told of first. */
export function HeardOfAll() {
  const all = sources.value.filter(({ hearing }) => hearing !== undefined && hearing.value.state !== 'waiting');
  const lost = all.filter(({ hearing }) => hearing!.value.state === 'lost');
  if (all.length === 0) return null;
  if (lost.length === 0) return <Told tone="alive" text="live" />;
  const heardAt = Math.max(...lost.map(({ hearing }) => hearing!.value.heardAt));
  const text = all.length === 1 ? 'source lost' : `${lost.length} of ${all.length} sources lost`;
  return <Told tone="dead" text={text} note={ago(heardAt)} />;
}

function Told({ tone, text, note }: Word) {
  return (
    <span class={`heard tone-${tone}`}>
      <span role="status">{text}</span>
      {note === undefined ? null : <span class="note">{note}</span>}
    </span>
  );
}

function wordOf({ source: { hearing }, life, lostAt }: Machine): Word {
  if (hearing === undefined) return { tone: 'over', text: 'recording' };
  const { state, heardAt } = hearing.value;
  if (life.isOver && state === 'live') return { tone: 'over', text: 'ended' };
  if (state === 'lost' || state === 'waiting')
    return { tone: 'dead', text: life.isOver ? 'ended, source lost' : 'source lost', note: ago(lostAt ?? heardAt) };
  if (lostAt !== undefined) return { tone: 'dead', text: 'gone', note: `last heard at ${clockOf(lostAt)}` };
  if (state === 'doubted') return { tone: 'doubt', text: 'source silent', note: ago(heardAt) };
  return { tone: 'alive', text: 'live' };
}

function ago(at: number): string {
  return `last heard ${seconds(Math.max(0, now.value - at))} ago`;
}
