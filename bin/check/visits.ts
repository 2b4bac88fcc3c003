/**
 * What the clients of an examination do, in which order. It is what any client may do: connect, ask, say something, be silent, hang up, be cut off.
 */
import { duration, wholeSeconds } from '../terminal.ts';
import type { Stand } from './stand.ts';
import { Visitor } from './visitor.ts';
import { type Walked, walk } from './walk.ts';

export interface Plan {
  /** Ms in which nothing is said. */
  readonly idle: number;
  /** Ms after which the server is said to let go of who is silent; undefined: nobody has said. */
  readonly silence: number | undefined;
  /** What is said as an app would; undefined: nothing. */
  readonly message: string | undefined;
  /** Heartbeats that one client sends without reading the answers. */
  readonly flood: number;
  /** Clients that are half open at once. */
  readonly halfOpen: number;
}

/** All that happened. What could not be tried is not there. */
export interface Seen {
  readonly plan: Plan;
  /** Who came first, and spoke as a client speaks. */
  readonly first: Visitor;
  /** Those that were there together. */
  readonly together: readonly Visitor[];
  readonly idle?: Visitor;
  readonly halfOpen?: Visitor;
  readonly pinger?: Visitor;
  /** Asked twice at once, each time it tried. */
  readonly twice?: Visitor;
  /** Speaks while it asks. */
  readonly talker?: Visitor;
  readonly stranger?: Visitor;
  /** Says long messages, and asks in pieces. */
  readonly framer?: Visitor;
  /** Came when all others were done. */
  readonly last?: Visitor;
  readonly leavers: readonly Visitor[];
  readonly crowd?: Crowd;
  readonly walked?: Walked;
  readonly all: readonly Visitor[];
}

/** Clients that behave badly, and those that do not. */
export interface Crowd {
  /** All buffers on the way to who did not read were full. */
  readonly isFull: boolean;
  /** Was there before. */
  readonly witness: Visitor;
  /** Proofs of the witness by the time the others had done their worst. */
  readonly before: number;
  /** Came while the others were there. */
  readonly newcomer: Visitor;
}

/** Ms. What a client waits for at most: longer than a rule allows, so that what comes late is seen to come. */
export const patience = { welcome: 6_000, answer: 5_000, beat: 10_000, goodbye: 4_000 };
/** Beats of which the quickest is judged: machines pause. */
const tries = 3;
/** Ms between two of them. */
const breather = 1_100;
/** Ms in which a server that sends somebody away says so. */
const farewell = 1_000;
/** Characters of messages: what has a length of 7 bits, and of 16. */
const lengths = [100, 200, 4_000];
/** Close codes with which clients leave: done, and one of an app's. */
const goodbyes = [1000, 4321];
/** Ms between two times of the server's that are compared, where nothing else is waited for. */
const clockWatch = 2_500;
/** Ms for the paths of the model; how many there is time for depends on the way to the server. */
const walkTime = 15_000;
/** Ms for all that is not silence, with a server that keeps the rules, on a short way. */
const usualRest = 16_000;
/** The same, with a server that lets us wait for everything. */
const longestRest = 120_000;

/** Ms that all of it takes, with such a server. Who is silent to see itself let go begins in the middle of the rest. */
export function usualTimeOf({ idle, silence }: Plan): number {
  return Math.max(idle, usualRest, silence === undefined ? 0 : usualRest / 2 + silence * 1.25) + patience.answer / 5;
}

/** Ms that all of it may take. What has not been seen by then is not. */
export function limitOf({ idle, silence = 0 }: Plan): number {
  return Math.max(idle, untilLetGo(silence), longestRest) + 2 * (patience.welcome + patience.answer);
}

/** Ms: servers look now and then. */
function untilLetGo(silence: number): number {
  return silence * 1.5 + patience.answer;
}

export class Visits {
  readonly #stand: Stand;
  readonly #plan: Plan;
  readonly #progress: (what: string) => void;
  readonly #all: Visitor[] = [];

  constructor(stand: Stand, plan: Plan, progress: (what: string) => void) {
    this.#stand = stand;
    this.#plan = plan;
    this.#progress = progress;
  }

  /** Nobody is left behind. Once the stand's signal is aborted nobody waits any more, and what has been seen by then is the answer. */
  async make(): Promise<Seen> {
    const leave = () => Promise.all(this.#all.map((visitor) => visitor.leave()));
    const { signal } = this.#stand;
    signal.addEventListener('abort', leave, { once: true });
    try {
      return await this.#make();
    } finally {
      signal.removeEventListener('abort', leave);
      await leave();
    }
  }

  async #make(): Promise<Seen> {
    this.#progress('connects');
    const first = await this.#visitor('first').dial();
    const seen = { plan: this.#plan, first, together: [first], leavers: [] as Visitor[], all: this.#all };
    if (first.openedAt === undefined) return seen;
    // What takes long begins first.
    const idle = this.#idle();
    const isWelcomed = await first.welcomed(patience.welcome);
    const { liveness } = this.#stand.protocol;
    const asks = liveness === 'ask';
    if (isWelcomed && asks) {
      this.#progress('asks');
      await this.#ask(first);
    }
    if (liveness === 'server-beats') await first.until(() => first.beats.length > 0, patience.beat);
    this.#progress('asks in other ways');
    // What is not answered alone says nothing about what is asked in other ways.
    const isAlive = isWelcomed && first.beats.length > 0 && first.beats.length >= first.asked.length;
    const answers = asks && isAlive;
    // What it waits for no longer is no silence of its own making.
    if (!isAlive) await first.finish();
    const [together, pinger, leavers, twice, talker, stranger, framer] = await Promise.all([
      this.#together(first, isAlive),
      this.#pinger(),
      Promise.all(goodbyes.map((code) => this.#leaver(code))),
      answers ? this.#twice() : undefined,
      answers ? this.#talker() : undefined,
      answers ? this.#stranger() : undefined,
      answers ? this.#framer() : undefined,
    ]);
    // Not before: a server that is harmed by it would seem to break what it keeps.
    const halfOpen = this.#halfOpen();
    let walked: Walked | undefined;
    let crowd: Crowd | undefined;
    if (answers) {
      walked = await walk(this.#stand, walkTime, (done, all) => this.#progress(`walks path ${done} of ${all}`));
    }
    if (asks ? isAlive : pinger.pongs.length > 0) {
      this.#progress('lets clients go half open, and floods');
      crowd = await this.#crowd();
    }
    const parts = await this.#untilSilenceEnds(Promise.all([idle, halfOpen]));
    const last = await this.#visitor('came when all others were done').dial();
    return {
      ...seen,
      ...parts,
      together,
      pinger,
      leavers,
      ...(twice && { twice }),
      ...(talker && { talker }),
      ...(stranger && { stranger }),
      ...(framer && { framer }),
      last,
      ...(walked && { walked }),
      ...(crowd && { crowd }),
    };
  }

  async #untilSilenceEnds(silent: Promise<[idle: Visitor, halfOpen: Visitor]>) {
    const tell = () => {
      const left = usualTimeOf(this.#plan) - this.#stand.now();
      this.#progress(left > 0 ? `is silent; about ${wholeSeconds(left)} to go` : 'is silent');
    };
    tell();
    const telling = setInterval(tell, 1_000);
    const [idle, halfOpen] = await silent;
    clearInterval(telling);
    return { idle, halfOpen };
  }

  #visitor(role: string): Visitor {
    const visitor = new Visitor(role, this.#stand);
    this.#all.push(visitor);
    return visitor;
  }

  async #welcomed(role: string, options?: { throughProxy: boolean }): Promise<Visitor> {
    const visitor = await this.#visitor(role).dial(options);
    await visitor.welcomed(patience.welcome);
    return visitor;
  }

  /** One at a time, and none so soon after another that they could be taken for one. */
  async #ask(visitor: Visitor): Promise<void> {
    for (let i = 1; (await visitor.prove(patience.answer)) && i < tries; i += 1)
      await visitor.until(() => false, breather);
  }

  /** Says nothing for as long as it is to be borne, and then asks whether anybody is there. */
  async #idle(): Promise<Visitor> {
    const visitor = await this.#welcomed('idle');
    const { idle } = this.#plan;
    // For a welcome it has waited in silence.
    const since = visitor.named?.at ?? visitor.openedAt ?? 0;
    await visitor.until(() => false, since + idle - this.#stand.now());
    if (!visitor.isOpen) return visitor;
    visitor.note(`has said nothing for ${duration(idle)}`);
    if (visitor.named === undefined || !(await visitor.beat(patience.answer))) {
      visitor.ping('still there?');
      await visitor.until(() => visitor.pongs.length > 0, patience.answer);
    }
    await visitor.finish();
    return visitor;
  }

  /** Nothing of what it sends arrives any more; what it is sent it hears, and so it hears the server let go. */
  async #halfOpen(): Promise<Visitor> {
    const visitor = await this.#welcomed('half open', { throughProxy: true });
    if (!visitor.isOpen) return visitor;
    visitor.line.silence('to-server');
    visitor.note('nothing of it arrives any more');
    const { silence, idle } = this.#plan;
    await visitor.until(() => false, silence === undefined ? idle - this.#stand.now() : untilLetGo(silence));
    return visitor;
  }

  /** Others come while the first one is there, and beats on, so that its clock has time to show how it runs. */
  async #together(first: Visitor, isAlive: boolean): Promise<Visitor[]> {
    const others = await Promise.all([1, 2, 3].map((n) => this.#welcomed(`one of several, ${n}`)));
    await Promise.all(others.map((visitor) => visitor.finish()));
    if (isAlive) await this.#beatOn(first);
    await first.finish();
    return [first, ...others];
  }

  async #beatOn(visitor: Visitor): Promise<void> {
    do await visitor.until(() => false, breather);
    while ((await visitor.beat(patience.answer)) && this.#stand.now() < visitor.dialledAt + clockWatch);
  }

  async #pinger(): Promise<Visitor> {
    const visitor = await this.#welcomed('pings');
    for (let i = 1; i <= tries; i += 1) {
      visitor.ping(`systole ${i}`);
      if (!(await visitor.until(() => visitor.pongs.length >= i, patience.answer))) break;
    }
    await visitor.finish();
    return visitor;
  }

  async #leaver(code: number): Promise<Visitor> {
    const visitor = await this.#welcomed(`leaves with ${code}`);
    await visitor.close(code, patience.goodbye);
    // A connection that is still there by now was left open.
    await visitor.leave();
    return visitor;
  }

  async #twice(): Promise<Visitor> {
    const visitor = await this.#welcomed('asks twice at once');
    for (let i = 1; i <= tries; i += 1) {
      visitor.ask();
      visitor.ask();
      const all = await visitor.until(() => visitor.beats.length >= 2 * i, patience.answer);
      if (!all) break;
    }
    await visitor.finish();
    return visitor;
  }

  /** Says something all the time, and pings; and asks in the midst of it. */
  async #talker(): Promise<Visitor> {
    const { message } = this.#plan;
    const visitor = await this.#welcomed('talks while it asks');
    const talk = () => {
      if (message !== undefined) visitor.say(message);
      visitor.ping('and');
    };
    const talking = setInterval(talk, 20);
    talk();
    await visitor.until(() => visitor.pongs.length > 3, 1_000);
    for (let i = 0; i < tries; i += 1) {
      talk();
      const isAnswered = visitor.beat(patience.answer);
      talk();
      if (!(await isAnswered)) break;
    }
    clearInterval(talking);
    await visitor.finish();
    return visitor;
  }

  /** Says what is nearly a heartbeat; then a heartbeat, whose answer shows that the others have been passed over. */
  async #stranger(): Promise<Visitor | undefined> {
    if (this.#plan.message === undefined || this.#stand.protocol.name !== 'id-heartbeat') return undefined;
    const visitor = await this.#welcomed('says what is no heartbeat');
    for (const no of [Buffer.from('heartbeat'), 'Heartbeat', 'heartbeat\n', '"heartbeat"']) visitor.say(no);
    await visitor.beat(patience.answer);
    // What is answered late, or in another order.
    await visitor.until(() => visitor.beats.length > visitor.asked.length, 1_000);
    await visitor.finish();
    return visitor;
  }

  /** Says messages of both longer forms of length (RFC 6455 §5.2), and then asks in two fragments. */
  async #framer(): Promise<Visitor | undefined> {
    const { message } = this.#plan;
    if (this.#stand.protocol.name !== 'id-heartbeat') return undefined;
    const visitor = await this.#welcomed('says it in other frames');
    if (message !== undefined) for (const length of lengths) visitor.say(message.padEnd(length, '.'));
    visitor.askInPieces();
    await visitor.until(() => visitor.beats.length > 0, patience.answer);
    await visitor.finish();
    return visitor;
  }

  /** Some go half open, one asks and does not read: does anybody else notice? */
  async #crowd(): Promise<Crowd> {
    const { halfOpen, flood } = this.#plan;
    const witness = await this.#welcomed('is well-behaved');
    await witness.prove(patience.answer);
    const gone = Array.from({ length: halfOpen }, (_, i) =>
      this.#welcomed(`half open, ${i + 1}`, { throughProxy: true }),
    );
    const flooder = await this.#welcomed('does not read', { throughProxy: true });
    for (const visitor of await Promise.all(gone)) {
      if (!visitor.isOpen) continue;
      visitor.line.silence();
      visitor.note('nothing passes any more');
    }
    let flooded: Promise<boolean> | undefined;
    if (flooder.isOpen) {
      flooder.line.silence('to-client');
      flooder.note('reads nothing any more');
      // In the dialect's own words.
      const word = this.#stand.protocol.session().probe?.()?.write?.[0];
      if (typeof word === 'string') flooded = flooder.flood(word, flood, patience.answer);
    }
    await witness.until(() => false, breather);
    const before = witness.proofs.answers.length;
    await this.#ask(witness);
    const isFull = (await flooded) ?? false;
    const newcomer = await this.#welcomed('comes meanwhile');
    await newcomer.prove(patience.answer);
    // Now it reads, also how it was sent away.
    if (flooder.isOpen) flooder.line.silence('none');
    await flooder.until(() => false, farewell);
    await Promise.all([witness, newcomer, flooder, ...(await Promise.all(gone))].map((visitor) => visitor.finish()));
    return { isFull, witness, before, newcomer };
  }
}
