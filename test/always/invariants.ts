/**
 * What always holds. Each promise is stated once, in `says`, and judged here:
 *
 * - `rest` and `step`: everywhere the machine can be, and at every way from there (`universe.ts`). They answer with what is wrong.
 * - `life`: in long random lives, of real connections and drop-in WebSockets in a virtual world (`life.ts`). They call `breach`.
 *
 * `npm run test:bite` breaks the library once for each invariant and judge, and sees it noticed.
 */
import { detectionBound } from '../../machines/settings.ts';
import type { VirtualWebSocket } from '../kit/virtual-web-socket.ts';
import { type Incident, peaceful, rubbishFrames, type Scene, type Subject, type Witness } from './life.ts';
import type { Rest, Step, Universe } from './universe.ts';

export interface Invariant {
  readonly name: string;
  readonly says: string;
  readonly rest?: (rest: Rest, universe: Universe) => string | undefined;
  readonly step?: (step: Step, universe: Universe) => string | undefined;
  readonly life?: (scene: Scene) => Witness;
}

// The numbers of lives: the defaults, as docs/OPTIONS.md promises them.
const interval = 60_000;
const timeout = 10_000;
const bound = detectionBound({ interval, timeout });
const stableAfter = 5_000;
const longestBackoff = 30_000;
const longestStated = 3_600_000;
const spread = 1_000;
/** Ten refused dials wait at least so long: half of 0.5, 1, 2, 4, 8, 16, and four times 30 s. */
const pace = 75_750;
/** A turn of the event loop, before a limit is believed, and rounding. */
const grace = 30;

const OPEN = 1;
const CLOSING = 2;
const CLOSED = 3;

const atRest: ReadonlySet<string> = new Set(['reconnecting', 'closed']);
const inDoubt: ReadonlySet<unknown> = new Set(['silent', 'outdated']);
const isOpen = ({ state }: Subject): boolean => state === 'alive' || state === 'stale';
const isClient = ({ kind }: Subject): boolean => kind === 'connection' || kind === 'asking';

export const invariants: readonly Invariant[] = [
  {
    name: 'one live socket',
    says: 'A connection has at most one WebSocket that is connecting or open, and none while it waits for its next dial or is closed.',
    rest: ({ sockets, state }) =>
      sockets === (atRest.has(state) ? 0 : 1) ? undefined : `${sockets} sockets in ${state}`,
    step: ({ visits }) =>
      visits.some((each, i) => each === 'dial' && visits[i + 1] === 'dial')
        ? 'it dials twice, and leaves none'
        : undefined,
    life: ({ world, breach }) => ({
      dialled({ index, current }) {
        if (current !== undefined && current.readyState < CLOSING)
          breach(`client ${index} dials while it has a socket`);
      },
      changed({ index, state, current }) {
        const isLive = current !== undefined && current.readyState < CLOSING;
        if (atRest.has(state) && isLive) breach(`client ${index} is ${state}, and its socket is live`);
      },
      ended() {
        const live = [...world.sockets].filter(({ readyState }) => readyState < CLOSING);
        if (live.length > 0) breach(`${live.length} sockets live at the end`);
      },
    }),
  },
  {
    name: 'a replaced socket is inert',
    says: 'Whatever the WebSocket of an earlier visit does later changes nothing and tells the app nothing.',
    life({ breach }) {
      let before: unknown;
      let told = 0;
      let toldBefore = 0;
      let isLeft = false;
      return {
        firing(subject, socket) {
          before = subject.snapshot;
          toldBefore = told;
          isLeft = socket !== subject.current || atRest.has(subject.state);
        },
        fired(subject, _socket, type) {
          if (isLeft && (subject.snapshot !== before || told !== toldBefore))
            breach(`the ${type} of a socket that was left changed client ${subject.index}`);
        },
        reported() {
          told += 1;
        },
      };
    },
  },
  {
    name: 'silence leads to a dial',
    says: 'A line on which nothing is heard, and which carries nothing of what waits to be sent, is given up within `detectionBound`, whatever its socket does or does not do, and the next dial leaves at once, unless there have been ten already, the platform stands in its way, or the line before it had not answered once either. Time in which the process stands still does not count; after it the line is asked once more, for at most `timeout`.',
    rest: (rest, { settings, after }) => {
      if (settings.liveness === 'none' || (rest.state !== 'alive' && rest.state !== 'stale')) return undefined;
      // Nothing happens but time. A limit that comes late is granted once more.
      let elapsed = 0;
      let now = rest;
      while (now.state === 'alive' || now.state === 'stale') {
        const [type, ms] = soonest(now, (id) => !id.includes('stableAfter')) ?? [];
        if (type === undefined || ms === undefined) return 'it waits for ever';
        elapsed += ms;
        now = after(now, { type } as Step['event']).to;
      }
      if (elapsed > rest.snapshot.context.interval + 2 * timeout) return `it takes ${elapsed} ms`;
      return atRest.has(now.state) ? undefined : `it leads to ${now.state}`;
    },
    life({ world, life, subjects, breach }) {
      const heardAt = new Map<Subject, number>();
      const allowed = new Map<Subject, number>();
      let isOffline = false;
      let isHidden = false;
      const hear = (subject: Subject) => {
        heardAt.set(subject, world.time);
        allowed.set(subject, bound + grace);
      };
      const judge = (subject: Subject) => {
        if (subject.snapshot.context.cause === 'outdated') return;
        const silence = world.time - (heardAt.get(subject) ?? world.time);
        const most = allowed.get(subject) ?? Infinity;
        if (silence > most)
          breach(`client ${subject.index} has heard nothing for ${silence} ms, and is ${subject.formerState}`);
      };
      const recent = dialsOf();
      return {
        ...recent.witness,
        ...carrying(subjects, hear),
        firing(subject, socket) {
          if (socket === subject.current) hear(subject);
        },
        changed(subject) {
          if (subject.formerState === 'alive' || subject.formerState === 'stale') judge(subject);
          if (subject.state !== subject.formerState && subject.state === 'alive' && !heardAt.has(subject))
            hear(subject);
        },
        reported(subject, type, detail) {
          if (type !== 'lost' || !('nextDialIn' in (detail as object))) return;
          const { cause, nextDialIn } = detail as { cause: string; nextDialIn: number | undefined };
          if (cause !== 'silent' || nextDialIn === undefined || isOffline || (isHidden && life.whileHidden === 'hold'))
            return;
          if (subject.connection.actor.getSnapshot().context.session.unanswered > 1) return;
          // Of one that asks for its address, dials that never came to a WebSocket count as well.
          const hasPace = subject.kind === 'asking' || recent.within(subject, world.time, pace) >= 10;
          if (nextDialIn > 0 && !hasPace) breach(`client ${subject.index} dials only after ${nextDialIn} ms`);
        },
        happening(what) {
          if (what.do === 'offline' || what.do === 'online') isOffline = what.do === 'offline';
          if (what.do === 'hide' || what.do === 'show') isHidden = what.do === 'hide';
          extend(allowed, what, timeout);
        },
        happened() {
          for (const subject of subjects) if (isOpen(subject)) judge(subject);
        },
      };
    },
  },
  {
    name: 'every wait has an end',
    says: 'Every state but alive and closed is left within its limit: connecting, awaiting-id, stale and closing within theirs (a line that carries what waits is not stale meanwhile), reconnecting when its wait is over. A limit that comes late, because the process stood still or its clock was set, is granted once more. When all is well, everybody is back, unless a server has asked for patience.',
    rest: ({ state, place, timers }, { settings }) => {
      if (state === 'closed' || place === 'alive.unwatched') return undefined;
      const longest = Math.max(0, ...timers.values());
      if (timers.size === 0) return `nothing ends ${place}`;
      if (
        state === 'alive' &&
        settings.liveness !== 'none' &&
        ![...timers.keys()].some((id) => /heartbeatInterval|probeTimeout/.test(id))
      )
        return `nothing asks in ${place}`;
      return longest <= longestWait ? undefined : `${place} may take ${longest} ms`;
    },
    life({ world, life, subjects, breach }) {
      const deadlines = new Map<Subject, number>();
      const limits = new Map<Subject, number>();
      const judge = (subject: Subject, state: string) => {
        const deadline = deadlines.get(subject) ?? Infinity;
        if (world.time > deadline + grace)
          breach(`client ${subject.index} is ${state}, ${world.time - deadline} ms too long`);
      };
      const set = (subject: Subject) => {
        const { state, snapshot } = subject;
        const limit =
          limitOf(state, snapshot.context.attempt) ??
          (state === 'reconnecting' ? snapshot.context.nextDial.wait : Infinity);
        limits.set(subject, state === 'reconnecting' ? 0 : limit);
        deadlines.set(subject, world.time + limit);
      };
      let disturbedAt = -Infinity;
      const isPatient = life.story.some((what) => what.do === 'behave' && what.manners.retryAfter !== undefined);
      let wellSince = Infinity;
      return {
        ...carrying(subjects, (subject) => subject.state === 'stale' && set(subject)),
        changed(subject) {
          const { state, formerState, snapshot, previous } = subject;
          const isOther = (field: 'believableUntil' | 'cause') => snapshot.context[field] !== previous.context[field];
          const waitsAnew =
            state === 'reconnecting' && snapshot.context.nextDial.dueAt !== previous.context.nextDial.dueAt;
          // An old answer is asked about anew. That the clock leapt is noticed a moment later, and taken for a sleep.
          const isDisturbed = world.time - disturbedAt <= 2_000 + grace;
          const isOutdated = isOther('cause') && snapshot.context.cause === 'outdated';
          const doubtsAnew = state === 'stale' && isOther('believableUntil') && (isDisturbed || isOutdated);
          if (state === formerState && !waitsAnew && !doubtsAnew) return;
          if (state !== formerState) judge(subject, formerState);
          set(subject);
        },
        happening(what) {
          if (what.do === 'heal') wellSince = world.time;
          else if (!peaceful.has(what.do)) wellSince = Infinity;
          if (disturbs(what)) disturbedAt = world.time + standing(what);
          for (const [subject, limit] of limits) {
            if (disturbs(what)) deadlines.set(subject, deadlines.get(subject)! + limit);
            deadlines.set(subject, deadlines.get(subject)! + standing(what));
          }
        },
        happened() {
          for (const subject of subjects) judge(subject, subject.state);
          if (isPatient || world.time - wellSince < longestReturn) return;
          for (const subject of subjects) {
            // One that asks for its address may be refused it again and again; one whose buffer was full is leaving.
            if (subject.isOver || subject.kind === 'asking' || subject.state === 'closing' || isOpen(subject)) continue;
            breach(
              `client ${subject.index} is ${subject.state}, though all has been well for ${world.time - wellSince} ms`,
            );
          }
        },
      };
    },
  },
  {
    name: 'an attempt ends once',
    says: 'Every dial comes to exactly one end: the line is open, or the attempt is reported as failed, or the connection is closed. A line that was open ends once, lost or closed.',
    step: ({ from, to, reports }) => {
      const types = reports.map(({ type }) => type).filter((type) => type !== 'warning');
      const wasTrying = from.state === 'connecting' || from.state === 'awaiting-id';
      const wasOpen = from.state === 'alive' || from.state === 'stale';
      const isOpenNow = to.state === 'alive' || to.state === 'stale';
      const isWaiting = to.state === 'reconnecting';
      let due: string[] = [];
      if (wasTrying && isOpenNow) due = [from.snapshot.context.session.outage === undefined ? 'open' : 'restored'];
      else if (wasTrying && isWaiting) due = ['retry'];
      else if (wasOpen && isWaiting) due = ['lost'];
      else if (to.state === 'closed' && to.snapshot.context.cause !== 'user-closed' && (wasTrying || wasOpen))
        due = [wasOpen ? 'lost' : 'retry'];
      return types.join() === due.join()
        ? undefined
        : `${from.state} to ${to.state} is told as ${types.join() || 'nothing'}`;
    },
    life({ breach }) {
      const phases = new Map<Subject, 'trying' | 'up' | 'waiting' | 'over'>();
      const phaseOf = (subject: Subject) => phases.get(subject) ?? 'trying';
      const opened = new Set<Subject>();
      const move = (subject: Subject, type: string, from: string, to: 'trying' | 'up' | 'waiting' | 'over') => {
        const phase = phaseOf(subject);
        if (phase !== from) breach(`client ${subject.index} tells ${type} while it is ${phase}`);
        phases.set(subject, to);
      };
      return {
        changed(subject) {
          if (subject.state === 'connecting' && subject.formerState === 'reconnecting')
            move(subject, 'a dial', 'waiting', 'trying');
        },
        reported(subject, type) {
          if (type === 'open' || type === 'restored') {
            move(subject, type, 'trying', 'up');
            if (opened.has(subject) !== (type === 'restored'))
              breach(`client ${subject.index} tells ${type} the wrong time`);
            opened.add(subject);
          } else if (type === 'retry') move(subject, type, 'trying', 'waiting');
          else if (type === 'lost') move(subject, type, 'up', 'waiting');
          else if (type === 'closed') phases.set(subject, 'over');
        },
      };
    },
  },
  {
    name: 'closed is the end',
    says: '`closed` is reached from anywhere within `closeTimeout` of `close()`, tells so once, and nothing happens after it: no event, no dial, no timer, no listener.',
    rest: (rest, { after }) => {
      if (rest.state === 'closed') {
        if (rest.timers.size > 0) return `timers are left: ${[...rest.timers.keys()].join(', ')}`;
        return rest.snapshot.status === 'done' ? undefined : 'it is not done';
      }
      let step = after(rest, { type: 'user.closed' });
      let elapsed = 0;
      for (let i = 0; i < 3 && step.to.state !== 'closed'; i += 1) {
        const [type, ms] = soonest(step.to) ?? [];
        if (type === undefined || ms === undefined) return 'nothing ends the goodbye';
        elapsed += ms;
        step = after(step.to, { type } as Step['event']);
      }
      if (step.to.state !== 'closed') return `close() leads to ${step.to.state}`;
      return elapsed > 2_000 ? `close() takes ${elapsed} ms` : undefined;
    },
    // What is done completes, and its line refuses everything.
    step: ({ to }) =>
      (to.snapshot.status === 'done') === (to.state === 'closed')
        ? undefined
        : `it is ${to.state}, and ${to.snapshot.status}`,
    life({ world, subjects, breach }) {
      const closed = new Set<Subject>();
      const askedAt = new Map<Subject, number>();
      return {
        dialled(subject) {
          if (closed.has(subject)) breach(`client ${subject.index} dials after it has closed`);
        },
        reported(subject, type) {
          if (closed.has(subject)) breach(`client ${subject.index} tells ${type} after it has closed`);
          if (type === 'closed') closed.add(subject);
          const asked = askedAt.get(subject);
          if (type === 'closed' && asked !== undefined && world.time - asked > 2_000 + grace)
            breach(`close() took ${world.time - asked} ms`);
        },
        asked(subject, what) {
          if (what === 'close') askedAt.set(subject, world.time);
        },
        happening(what) {
          for (const [subject, at] of askedAt) askedAt.set(subject, at + standing(what));
        },
        ended() {
          for (const subject of subjects)
            if (!closed.has(subject)) breach(`client ${subject.index} is not closed but ${subject.state}`);
          const { timers, listeners } = world.leftovers;
          if (timers + listeners > 0) breach(`${timers} timers and ${listeners} listeners are left`);
        },
      };
    },
  },
  {
    name: 'attempts are forgotten only by stability',
    says: 'The attempts are counted from 0 again only when the line has been alive for `stableAfter`, or at the word of the user.',
    step: ({ from, to, event }) => {
      if (to.snapshot.context.attempt >= from.snapshot.context.attempt) return undefined;
      return event.type === 'user.reconnected' || (event.type.includes('stableAfter') && to.state === 'alive')
        ? undefined
        : 'they are forgotten';
    },
    life({ world, breach }) {
      const { clock } = world.options;
      const aliveSince = new Map<Subject, number>();
      const isAsked = new Set<Subject>();
      return {
        changed(subject) {
          const { state, formerState, snapshot, previous } = subject;
          if (snapshot.context.attempt < previous.context.attempt && !isAsked.has(subject)) {
            const lasted = clock.now() - (aliveSince.get(subject) ?? Infinity);
            if (formerState !== 'alive' || lasted < stableAfter - 1)
              breach(`client ${subject.index} forgets its attempts in ${formerState}, after ${lasted} ms`);
          }
          isAsked.delete(subject);
          if (state === 'alive' && formerState !== 'alive') aliveSince.set(subject, clock.now());
        },
        asked: (subject, what) => void (what === 'reconnect' && isAsked.add(subject)),
      };
    },
  },
  {
    name: 'every delay is sound',
    says: 'Every timer has a finite delay that timers take; every wait for a dial keeps to its policy: at least half of the ceiling from the beginning of a failed dial, at most its maximum, what the server asked for up to an hour, and Infinity only while the page is unseen.',
    step: ({ armed }) => {
      const unsound = armed.find((ms) => !(ms >= 0 && ms < 2 ** 31));
      return unsound === undefined ? undefined : `a timer of ${unsound} ms`;
    },
    life: ({ world, life, breach }) => {
      let isUnseen = false;
      const begunAt = new Map<Subject, number>();
      return {
        armed(ms) {
          if (!(ms >= 0 && ms < 2 ** 31)) breach(`a timer of ${ms} ms`);
        },
        happening(what) {
          if (what.do === 'hide' || what.do === 'show') isUnseen = what.do === 'hide' && life.whileHidden === 'hold';
        },
        // A dial begins before its address is known.
        changed(subject) {
          if (subject.state === 'connecting' && subject.formerState !== 'connecting') begunAt.set(subject, world.time);
        },
        reported(subject, type, detail) {
          if (type !== 'retry' && type !== 'lost') return;
          const { index } = subject;
          const { cause, nextDialIn, attempt = 0 } = detail as { cause: string; nextDialIn?: number; attempt?: number };
          if (nextDialIn === undefined) return;
          const isHeld = nextDialIn === Infinity && (isUnseen || cause === 'suspended');
          if (!isHeld && !(nextDialIn >= 0 && nextDialIn <= longestStated + spread))
            breach(`client ${index} waits ${nextDialIn} ms`);
          const least =
            type === 'retry' && floored.has(cause) ? Math.min(longestBackoff, 500 * 2 ** (attempt - 1)) / 2 : 0;
          const hung = world.time - (begunAt.get(subject) ?? 0);
          if (nextDialIn + hung < least)
            breach(`client ${index} waits only ${nextDialIn} ms after attempt ${attempt} (${cause})`);
        },
      };
    },
  },
  {
    name: 'the buffer conserves',
    says: 'Every accepted message is handed to a socket, or reported as dropped, or taken back, or still held: exactly one of these, once. What is handed over keeps its order.',
    life({ subjects, breach }) {
      const accounts = new Map<Subject, { accepted: Set<string>; gone: Set<string>; last: number }>();
      const of = (subject: Subject) => {
        const known = accounts.get(subject) ?? { accepted: new Set(), gone: new Set(), last: -1 };
        accounts.set(subject, known);
        return known;
      };
      const leave = (subject: Subject, text: string, how: string) => {
        const { gone } = of(subject);
        const name = nameIn(text);
        if (gone.has(name)) breach(`${name} of client ${subject.index} is ${how}, and had gone before`);
        gone.add(name);
      };
      return {
        sent(subject, text, isAccepted) {
          const name = nameIn(text);
          if (isAccepted) of(subject).accepted.add(name);
          else if (of(subject).gone.has(name)) breach(`${name} of client ${subject.index} was refused, and went`);
        },
        wrote(subject, _socket, data) {
          if (!isClient(subject)) return;
          const text = String(data);
          const account = of(subject);
          const number = Number(nameIn(text).slice(1));
          if (number <= account.last) breach(`${nameIn(text)} of client ${subject.index} went after m${account.last}`);
          account.last = number;
          leave(subject, text, 'written');
        },
        drained(subject, texts) {
          for (const text of texts) leave(subject, text, 'taken back');
        },
        reported(subject, type, detail) {
          if (type === 'dropped' && isClient(subject))
            leave(subject, String((detail as { data: unknown }).data), 'dropped');
        },
        ended() {
          for (const subject of subjects) {
            if (!isClient(subject)) continue;
            const { accepted, gone } = of(subject);
            const lost = [...accepted].filter((text) => !gone.has(text));
            if (lost.length > 0) breach(`client ${subject.index} lost ${lost.join(', ')} without a word`);
            if (gone.size > accepted.size) breach(`client ${subject.index} wrote more than it accepted`);
          }
        },
      };
    },
  },
  {
    name: 'no message before the name',
    says: 'No message of the app is written to a socket before the server has named its session, nor while the line is left.',
    step: ({ from, event, orders }) =>
      orders.some(({ type }) => type === 'release') && (from.state !== 'awaiting-id' || event.type !== 'peer.named')
        ? `released by ${event.type} in ${from.state}`
        : undefined,
    life({ breach }) {
      const named = new WeakSet<VirtualWebSocket>();
      return {
        firing(_subject, socket, type, data) {
          if (type === 'message' && typeof data === 'string' && data.includes('"now_time"') && !rubbishFrames.has(data))
            named.add(socket);
        },
        wrote({ index }, socket, data) {
          if (!named.has(socket)) breach(`client ${index} wrote ${nameIn(String(data))} before it was named`);
        },
      };
    },
  },
  {
    name: 'readyState moves legally',
    says: 'A HeartbeatWebSocket goes from CONNECTING to OPEN to CLOSING to CLOSED, leaving out but never going back; with `retries: 0` it opens once and closes once. One that redials goes back to CONNECTING at every loss, and closes for good once.',
    life({ subjects, breach }) {
      const last = new Map<Subject, number>();
      const opens = new Map<Subject, number>();
      const over = new Set<Subject>();
      const look = (subject: Subject) => {
        const { webSocket, index, kind } = subject;
        if (webSocket === undefined) return;
        const before = last.get(subject) ?? 0;
        const now = webSocket.readyState;
        last.set(subject, now);
        const isBack = now < before && !(kind === 'socket' && before === OPEN && now === 0);
        if (isBack) breach(`client ${index} went from ${before} back to ${now}`);
      };
      return {
        dispatched(subject, event) {
          look(subject);
          const { index, webSocket, kind } = subject;
          if (over.has(subject)) breach(`client ${index} dispatches ${event.type} after its last close`);
          if (event.type === 'open') {
            opens.set(subject, (opens.get(subject) ?? 0) + 1);
            if (kind === 'plain socket' && opens.get(subject)! > 1) breach(`client ${index} opens twice`);
          }
          if ((event.type === 'open' || event.type === 'message') && webSocket?.readyState !== OPEN)
            breach(`client ${index} dispatches ${event.type} in ${webSocket?.readyState}`);
          if (event.type !== 'close') return;
          const { reconnecting } = event as Event & { reconnecting: boolean };
          if (reconnecting && kind === 'plain socket') breach(`client ${index} redials`);
          if (!reconnecting) over.add(subject);
          if (!reconnecting && webSocket?.readyState !== CLOSED)
            breach(`client ${index} closes in ${webSocket?.readyState}`);
        },
        changed: look,
        happened() {
          for (const subject of subjects) look(subject);
        },
        ended() {
          for (const subject of subjects) {
            if (subject.webSocket !== undefined && !over.has(subject))
              breach(`client ${subject.index} has not told its end`);
          }
        },
      };
    },
  },
  {
    name: 'any frame is harmless',
    says: 'No frame breaks the machine, pollutes a prototype, or costs a line that is alive.',
    step: ({ from, event, to }) => {
      if (to.snapshot.status === 'error') return 'the machine breaks';
      const isFrame = event.type === 'peer.named' || event.type === 'peer.spoke' || event.type === 'peer.beat';
      return isFrame && from.state === 'alive' && to.state !== 'alive' && to.state !== 'stale'
        ? `it leads to ${to.state}`
        : undefined;
    },
    life({ breach }) {
      const names = Object.getOwnPropertyNames(Object.prototype).length;
      let wasAlive = false;
      return {
        firing(subject) {
          wasAlive = isOpen(subject);
        },
        fired(subject, _socket, type, data) {
          if (subject.snapshot.status === 'error') breach(`client ${subject.index} is broken`);
          if (type === 'message' && rubbishFrames.has(data) && wasAlive && !isOpen(subject))
            breach(`client ${subject.index} is ${subject.state} for ${String(data).slice(0, 40)}`);
        },
        ended() {
          if (Object.getOwnPropertyNames(Object.prototype).length !== names || 'polluted' in {})
            breach('a prototype is polluted');
        },
      };
    },
  },
  {
    name: 'a wake kills no line that answers',
    says: 'Sleep, freezing, blocking, and news of the network or the page cost no line that answers: at most it is asked.',
    step: ({ from, event, to }) =>
      event.type === 'world.woke' &&
      (from.state === 'alive' || from.state === 'stale' || from.state === 'awaiting-id') &&
      atRest.has(to.state)
        ? `it is ${to.state}`
        : undefined,
    life: (scene) =>
      healthy(scene, ({ index }, cause, clocksDiffer) => {
        if (!clocksDiffer) scene.breach(`client ${index} lost a line that answers (${cause})`);
      }),
  },
  {
    name: 'ten dials a minute at most',
    says: 'In no 60 seconds there are more than 10 dials, those that the user asks for and what follows them aside, whatever loses the lines.',
    life({ world, breach }) {
      const recent = dialsOf();
      return {
        ...recent.witness,
        dialled(subject, socket) {
          recent.witness.dialled?.(subject, socket);
          const dials = recent.within(subject, world.time, 60_000);
          if (dials > 10) breach(`client ${subject.index} has dialled ${dials} times within a minute`);
        },
      };
    },
  },
  {
    name: 'clocks that disagree decide nothing',
    says: 'Two clocks that differ, by however much, and drift by up to 1 in 1000, cost no line that answers, nor does a clock of ours that is set.',
    life: (scene) =>
      healthy(scene, ({ index }, cause, clocksDiffer) => {
        if (clocksDiffer) scene.breach(`client ${index} lost a line that answers (${cause})`);
      }),
  },
];

/** A message begins with it: `m12`. */
function nameIn(text: string): string {
  return text.split(' ', 1)[0]!;
}

/** The longest that a state may last, ms: a wait that the server asked for. */
const longestWait = longestStated + spread;

/** Ms: the pace of the dials, the longest backoff, and a dial. */
const longestReturn = 75_750 + 30_000 + spread + 20_000 + 5_000;

const floored: ReadonlySet<string> = new Set(['refused', 'dial-timeout', 'unnamed', 'url-failed']);

function limitOf(state: string, attempt: number): number | undefined {
  switch (state) {
    case 'connecting':
      return Math.min(5_000 * 1.5 ** Math.max(0, attempt - 1), 20_000) + 20;
    case 'awaiting-id':
      return 5_020;
    case 'stale':
      return timeout / 2;
    case 'closing':
      return 2_000;
    default:
      return undefined;
  }
}

function soonest({ timers }: Rest, counts = (_id: string) => true): [id: string, ms: number] | undefined {
  return [...timers].filter(([id]) => counts(id)).toSorted(([, a], [, b]) => a - b)[0];
}

/** Ms for which the process stands still. */
function standing(what: Incident): number {
  return what.do === 'sleep' || what.do === 'stall' || what.do === 'freeze' || what.do === 'suspend' ? what.ms : 0;
}

/** What makes a limit come late. */
function disturbs(what: Incident): boolean {
  return standing(what) > 0 || what.do === 'set the clock';
}

function extend(allowed: Map<Subject, number>, what: Incident, more: number): void {
  if (!disturbs(what)) return;
  for (const [subject, ms] of allowed) allowed.set(subject, ms + more + standing(what));
}

/** Hears of lines that carry what waits to be sent: a sign of life, looked for as often as any timer is armed. */
function carrying(subjects: readonly Subject[], carries: (subject: Subject) => unknown): Witness {
  const waiting = new Map<Subject, number>();
  return {
    armed() {
      for (const subject of subjects) {
        const now = subject.current?.link.up.waiting ?? 0;
        if (now < (waiting.get(subject) ?? 0)) carries(subject);
        waiting.set(subject, now);
      }
    },
  };
}

/** The dials that the user did not ask for, by client. A clock that was set forward has a minute of its own. */
function dialsOf() {
  const dials = new Map<Subject, number[]>();
  const witness: Witness = {
    dialled(subject) {
      dials.set(subject, [...(dials.get(subject) ?? []), subject.world.time].slice(-11));
    },
    asked: (subject) => void dials.delete(subject),
    happening: (what) => void (what.do === 'set the clock' && dials.clear()),
  };
  const within = (subject: Subject, now: number, ms: number) =>
    (dials.get(subject) ?? []).filter((at) => now - at < ms).length;
  return { witness, within };
}

/** Hears of lines that are given up although they have answered all along. `clocksDiffer`: ours and the server's are not the same. */
function healthy({ subjects }: Scene, lost: (subject: Subject, cause: string, clocksDiffer: boolean) => void): Witness {
  /** What goes on, of the network and of the server; and lines that have met it. */
  let isNetworkHarmed = false;
  let isServerHarmed = false;
  const harmed = new WeakSet<VirtualWebSocket>();
  let clocksDiffer = false;
  return {
    dialled(_subject, socket) {
      if (isNetworkHarmed || isServerHarmed) harmed.add(socket);
    },
    happening(what) {
      if (what.do === 'behave') {
        isServerHarmed = harms(what.manners);
        clocksDiffer ||= (what.manners.clockOffset ?? 0) !== 0 || (what.manners.clockRate ?? 1) !== 1;
      } else if (what.do === 'heal') {
        isNetworkHarmed = false;
        isServerHarmed = false;
      } else if (lastingHarms.has(what.do)) isNetworkHarmed = true;
      else if (what.do === 'set the clock') clocksDiffer = true;
      // Also by what makes it better: what was late comes now, and a clock is another one.
      if (!meetings.has(what.do) && !lastingHarms.has(what.do)) return;
      for (const { current } of subjects) if (current !== undefined) harmed.add(current);
    },
    reported(subject, type, detail) {
      if (type !== 'lost') return;
      const { cause } = detail as { cause: string };
      const { current } = subject;
      if (inDoubt.has(cause) && current !== undefined && !harmed.has(current)) lost(subject, cause, clocksDiffer);
    },
  };
}

const lastingHarms: ReadonlySet<string> = new Set(['silence', 'delay', 'throttle', 'refuse']);
const meetings: ReadonlySet<string> = new Set(['behave', 'heal', 'reset', 'forget', 'hang up']);

/** Manners that keep a server from answering in time, with a true clock. */
function harms(manners: object): boolean {
  const { clockRate = 1, ...others } = manners as { clockRate?: number };
  const harmless: ReadonlySet<string> = new Set(['clockOffset', 'noise', 'beatEvery']);
  return Math.abs(clockRate - 1) > 0.001 || Object.keys(others).some((name) => !harmless.has(name));
}
