/** What always holds for who hears a topic. Each promise is stated once, in `says`, and judged by what happened. */
import type { Event } from './world.ts';

export interface Invariant {
  readonly name: string;
  readonly says: string;
  /** What is wrong; undefined: nothing. */
  readonly judge: (life: Life) => string | undefined;
}

export interface Life {
  readonly events: readonly Event[];
  /** How many were published to a topic. */
  readonly counts: ReadonlyMap<string, number>;
}

/** One message more, and the words of two topics. */
const more = 400;

export const invariants: readonly Invariant[] = [
  {
    name: 'each once, in order',
    says: 'Each message of a topic is heard at most once, and in the order in which it was published.',
    judge: each((event, at) => {
      if (event.type !== 'heard') return undefined;
      if (event.text !== `m${event.place}`) return `message ${event.place} is ${event.text}`;
      return event.place <= at.place ? `message ${event.place} is heard after ${at.place}` : undefined;
    }),
  },
  {
    name: 'nothing is missing in silence',
    says: 'Whatever was published after a listener has begun, and is not heard, lies in a gap that it was told of.',
    judge: each(
      (event, at) =>
        event.type === 'heard' && event.place > at.place + 1
          ? `after ${at.place} comes ${event.place}, and no word of a gap`
          : undefined,
      (at, published) => (at.place < published ? `nothing is heard after ${at.place} of ${published}` : undefined),
    ),
  },
  {
    name: 'no needless gap',
    says: 'A gap is told where the log has begun another life, or where something is missing: never where history joins, and once.',
    judge: each((event, at) => {
      if (event.type !== 'gap') return undefined;
      if (event.life < at.life) return `a gap (${event.reason}) leads back to an earlier life of the engine`;
      if (event.life > at.life) return undefined;
      return event.place > at.place ? undefined : `a gap (${event.reason}) at ${at.place}, where nothing is missing`;
    }),
  },
  {
    name: 'a gap knows what it is',
    says: 'The reason of a gap is true: another epoch where there is one, and where a number is told, so many are missing.',
    judge: each((event, at) => {
      if (event.type !== 'gap') return undefined;
      const isOther = event.life !== at.life;
      if ((event.reason === 'epoch') !== isOther)
        return `a gap for ${event.reason}, in ${isOther ? 'another' : 'the same'} epoch`;
      const isWrong = event.missed !== undefined && event.missed !== event.place - at.place;
      return isWrong ? `${event.missed} are said to be missing, and it is ${event.place - at.place}` : undefined;
    }),
  },
  {
    name: 'a position only rises',
    says: 'Within an epoch the position of a listener only rises.',
    judge({ events }) {
      const last = new Map<string, { epoch: string; at: number }>();
      for (const event of events) {
        if (event.type !== 'cursor') continue;
        const { who, position } = event;
        const before = last.get(who);
        if (before?.epoch === position.epoch && position.at < before.at)
          return `${who} goes from ${before.at} to ${position.at}`;
        last.set(who, position);
      }
      return undefined;
    },
  },
  {
    name: 'the state comes first',
    says: 'With `load`, nothing is delivered before it, at the beginning and after every gap.',
    judge({ events }) {
      const isLoaded = new Map<string, boolean>();
      for (const event of events) {
        // Who is not to load a state has none.
        if (event.type === 'loading' || (event.type === 'gap' && isLoaded.has(event.who)))
          isLoaded.set(event.who, false);
        if (event.type === 'loaded') isLoaded.set(event.who, true);
        if (event.type === 'heard' && isLoaded.get(event.who) === false)
          return `${event.who} hears ${event.text} before its state`;
      }
      return undefined;
    },
  },
  {
    name: 'each line is told once',
    says: 'A line is told each message of a topic once, in order, from where it was told that it is; also by a hub that has not come so far as its client.',
    judge({ events }) {
      const ats = new Map<string, number>();
      for (const event of events) {
        if (event.type !== 'sent') continue;
        const [kind, alias, ...rest] = event.frame.slice(1).split(' ');
        const who = `line ${event.line}, topic`;
        if (kind === 'o' || kind === 'g') ats.set(`${who} ${alias}`, Number(rest[1]));
        if (kind === undefined || !/^\d/.test(kind)) continue;
        const before = ats.get(`${who} ${kind}`) ?? 0;
        if (Number(alias) <= before) return `${who} ${kind} is told ${alias} after ${before}`;
        ats.set(`${who} ${kind}`, Number(alias));
      }
      return undefined;
    },
  },
  {
    name: 'nobody is believed',
    says: 'Who says to have heard more than there is, is told of a gap; who may not hear what was, hears none of it, whatever cursor it has.',
    judge({ events }) {
      const isTold = new Set<number>();
      for (const event of events) {
        if (event.type !== 'sent' || event.who === 'client') continue;
        const { line, frame, who, published, now } = event;
        if (frame.startsWith('~g')) isTold.add(line);
        const [, text] = /^~\d+ \d+ m(\d+) /.exec(frame) ?? [];
        if (who === 'stranger' && Number(text) <= published) return `a stranger hears ${frame}, of ${published}`;
        const at = Number(frame.split(' ')[2]);
        if (who === 'liar' && frame.startsWith('~=') && !isTold.has(line) && at > now) {
          return `a liar is believed: ${frame}, where there are ${now}`;
        }
      }
      return undefined;
    },
  },
  {
    name: 'what waits is bounded',
    says: 'For a client that does not read, no more waits than it may, one message more, and a few words.',
    judge: ({ events }) =>
      events
        .filter((event) => event.type === 'waiting')
        .filter(({ bytes, most }) => bytes > most + more)
        .map(({ bytes, most }) => `${bytes} bytes wait, of ${most}`)[0],
  },
];

interface At {
  place: number;
  life: number;
}

/** Walks along each listener's events. */
function each(
  step: (event: Event, at: At) => string | undefined,
  end: (at: At, published: number) => string | undefined = () => undefined,
): Invariant['judge'] {
  return ({ events, counts }) => {
    const places = new Map<string, At>();
    for (const event of events) {
      if (event.type === 'began') places.set(event.who, { place: event.place, life: event.life });
      if (event.type !== 'heard' && event.type !== 'gap') continue;
      const at = places.get(event.who);
      if (at === undefined) return `${event.who} hears before it has begun`;
      const wrong = step(event, at);
      if (wrong !== undefined) return `${event.who}: ${wrong}`;
      at.place = event.place;
      if (event.type === 'gap') at.life = event.life;
    }
    const lives = [...places.keys()].filter((who) => !hasNext(who, places));
    for (const who of lives) {
      const wrong = end(places.get(who)!, counts.get(who.split(' on ')[1]!) ?? 0);
      if (wrong !== undefined) return `${who}: ${wrong}`;
    }
    return undefined;
  };
}

/** A page that was reloaded since hears no more. */
function hasNext(who: string, places: ReadonlyMap<string, At>): boolean {
  const [, name, life, topic] = /^(.*)\.(\d+) on (.*)$/.exec(who)!;
  return places.has(`${name}.${Number(life) + 1} on ${topic}`);
}
