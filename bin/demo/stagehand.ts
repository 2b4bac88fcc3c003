/**
 * What can be done to the demo, by a key or from the page: one table of actions. What is done is told in the terminal as `▸ …`, and what holds from
 * then on to whoever listens.
 */
import { type Connection, detectionBound } from '../../adapters/index.ts';
import { asText, follow, type Happening } from '../story.ts';
import { duration, printable, type Terminal } from '../terminal.ts';
import type { Stage } from './cable-stage.ts';
import { type NodeName, otherThan } from './nodes.ts';
import { type Count, summary, type Tally, tally } from './tally.ts';

/** What each action is told besides its name. */
export interface Actions {
  pull: Nothing;
  plug: Nothing;
  /** Ends every link with a reset. */
  reset: Nothing;
  /** Of the cable, each way. 0: none. */
  delay: { ms: number };

  restart: Nothing;
  /** Ends every connection without a word. */
  forget: Nothing;
  /** Ends a node without a word; `revive` brings it back. */
  kill: { node: NodeName };
  revive: { node: NodeName };
  /** Answers dials with 503. `retryAfter`: seconds that it asks to wait; default: it does not. */
  refuse: { retryAfter?: number };
  accept: Nothing;
  /** Leaves heartbeats unanswered. */
  mute: Nothing;
  unmute: Nothing;
  /** Of the server's clock: how far it is ahead; negative: behind. */
  skew: { ms: number };
  push: Nothing;
  /** Pushes so many messages as fast as it can. */
  flood: { count: number };

  /** The client's: a closed connection is final, `dial` begins another one. */
  close: Nothing;
  dial: Nothing;
  reconnect: Nothing;
  send: { text: string };
}

type Nothing = object;

type CommandTo<D extends keyof Actions> = { do: D } & Actions[D];
export type StageCommand = { [D in keyof Actions]: CommandTo<D> }[keyof Actions];

/** Durations in ms. */
export interface Status {
  cable: 'pulled' | 'plugged';
  /** Of the cable, each way. */
  delay: number;
  heartbeats: 'answered' | 'muted';
  dials: 'accepted' | 'refused';
  /** By how much the server's clock is ahead. */
  skew: number;
  server: 'up' | 'down';
  /** To which node dials are led. */
  node: NodeName;
  /** Which node is gone. */
  killed: NodeName | 'none' | 'both';
  /** Who is connected to the server, as far as it knows. */
  clients: number;
  /** Of the connection that was dialled last; a closed one is final. */
  client: 'there' | 'closed';
  /** Numbers that were published, and that the client has not heard; 0 where it is one at most, which is on its way. */
  missed: number;
  /** Of the return under way: numbers that were missed, and are heard after all. 0 while there is no line. */
  catchingUp: number;
  /** What the last return has brought; null: there was none. */
  returned: Count | null;
  /** The program that keeps the numbers, or `memory`. */
  keeper: string;
}

/** How long a restarted server is away, ms. */
const downFor = 1_000;
/** Between two numbers, ms. */
const tickEvery = 500;
/** Numbers that are caught up come all at once: how long others wait for the count of them, ms. */
const pace = 100;

export class Stagehand {
  /** Fulfilled when the connection is closed after `quit()`; rejected when the server cannot come back. */
  readonly ended: Promise<void>;
  readonly #stage: Stage;
  readonly #terminal: Terminal;
  readonly #listeners = new Set<(status: Status) => void>();
  #told: string;
  #connection: Connection | undefined;
  #pulled: { at: number; closeEvents: number } | undefined;
  #ticks: Tally | undefined;
  #returned: Count | null = null;
  /** What was heard will be told. */
  #isDue = false;
  #isFlooding = false;
  #isMoving = false;
  #pushed = 0;
  #resolve!: () => void;
  #reject!: (error: unknown) => void;

  constructor(stage: Stage, terminal: Terminal) {
    this.#stage = stage;
    this.#terminal = terminal;
    this.#told = JSON.stringify(this.status);
    this.ended = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // Whoever plays awaits it, maybe later.
    this.ended.catch(() => {});
    stage.onChange(() => this.#changed());
  }

  get status(): Status {
    const { cable, server, ticker, keeper } = this.#stage;
    const [killed = 'none', ...more] = server.killed;
    const { last = ticker.last, count } = (this.#isListening && this.#ticks) || {};
    const missed = Math.max(0, ticker.last - last);
    return {
      cable: cable.silenced === 'none' ? 'plugged' : 'pulled',
      delay: cable.delayed,
      heartbeats: server.isMuted ? 'muted' : 'answered',
      dials: server.isRefusing ? 'refused' : 'accepted',
      skew: server.skew,
      server: server.isDown ? 'down' : 'up',
      node: server.current,
      killed: more.length > 0 ? 'both' : killed,
      clients: server.clients,
      client: this.#isListening ? 'there' : 'closed',
      missed: missed > 1 ? missed : 0,
      catchingUp: this.#isOnLine ? (count?.caughtUp ?? 0) : 0,
      returned: this.#returned,
      keeper,
    };
  }

  /** Undefined until `begin()`. */
  get connection(): Connection | undefined {
    return this.#connection;
  }

  /** Hears every change; the answer undoes it. */
  onStatus(listener: (status: Status) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Dials, and tells what happens to the connection. */
  begin(): void {
    const { connection, ticks } = this.#stage.dial();
    this.#connection = connection;
    follow(connection, (happening) => this.#hear(happening), [ticks]);
    this.#returned = null;
    this.#ticks = tally(ticks, (count) => this.#tellReturn(count));
    ticks.on('message', () => this.#changedSoon());
    if (!this.#stage.server.isMuted) this.#stage.ticker.start(tickEvery);
    this.#changed();
  }

  act(command: StageCommand): void {
    const action = this.#actions[command.do] as (command: StageCommand) => void;
    action(command);
    this.#changed();
  }

  /** Closes the connection for good. The second time it does not wait for that. */
  quit(): void {
    const state = this.#connection?.state ?? 'closed';
    if (state === 'closed' || state === 'closing') return this.#resolve();
    this.#say('quit');
    this.#connection?.on('closed', () => this.#resolve());
    this.#connection?.close();
  }

  readonly #actions: { [D in keyof Actions]: (command: CommandTo<D>) => void } = {
    pull: () => {
      if (this.#stage.cable.silenced !== 'none') return;
      const picture = `client ─${this.#terminal.paint('red', '✂')}─ server`;
      this.#say('the cable is pulled: both sockets stay open, nothing passes', picture);
      this.#pulled = { at: performance.now(), closeEvents: this.#stage.closeEvents };
      this.#stage.cable.silence();
    },
    plug: () => {
      if (this.#stage.cable.silenced === 'none') return;
      this.#say('the cable is plugged in', 'client ─── server');
      this.#pulled = undefined;
      this.#stage.cable.silence('none');
    },
    reset: () => {
      this.#say('the cable ends every link with a reset');
      this.#pulled = undefined;
      this.#stage.cable.reset();
    },
    delay: ({ ms }) => {
      this.#say(ms === 0 ? 'the cable is as fast as ever' : `the cable takes ${duration(ms)}, each way`);
      this.#stage.cable.delay(ms);
    },

    restart: () => {
      const { server } = this.#stage;
      if (server.isDown) return this.#say('the server is restarting already');
      if (server.killed.length === 2) return this.#say('both nodes are gone: there is nothing to restart');
      this.#say(`the server restarts, and is away for ${duration(downFor)}`);
      const isBack = () => {
        this.#say('the server is there again');
        this.#changed();
      };
      server.restart(downFor).then(isBack, (error: unknown) => this.#fail(error));
    },
    forget: () => {
      if (this.#stage.server.isDown) return this.#say('the server is restarting, and has forgotten all');
      this.#say('the server forgets its clients: whoever comes back is somebody new');
      this.#stage.server.forget();
    },
    kill: ({ node }) => {
      const { server } = this.#stage;
      if (!this.#mayMove(server.killed.includes(node) ? `node ${node} is gone already` : undefined)) return;
      const pid = server.pidOf(node);
      const how = pid === undefined ? 'is gone without a word' : `is killed (kill -9 ${pid})`;
      const other = otherThan(node);
      const whither = server.killed.includes(other) ? 'and nobody is there' : `dials are led to node ${other}`;
      this.#say(`node ${node} ${how}; ${whither}`);
      this.#move(server.kill(node));
    },
    revive: ({ node }) => {
      const { server } = this.#stage;
      if (!this.#mayMove(server.killed.includes(node) ? undefined : `node ${node} is there already`)) return;
      const isBack = () => this.#say(`node ${node} is there again, on the same log`);
      this.#move(server.revive(node).then(isBack));
    },
    refuse: ({ retryAfter }) => {
      const wait = retryAfter === undefined ? '' : `, and asks to wait for ${retryAfter} s`;
      this.#say(`the server refuses dials (HTTP 503)${wait}`);
      this.#stage.server.refuse(retryAfter);
    },
    accept: () => {
      this.#say('the server accepts dials');
      this.#stage.server.accept();
    },
    mute: () => {
      this.#say('the server leaves heartbeats unanswered, and the numbers pause; messages pass');
      this.#stage.server.mute();
      // Each of them is a sign of life: nobody would miss the answers.
      this.#stage.ticker.pause();
    },
    unmute: () => {
      this.#say('the server answers heartbeats');
      this.#stage.server.unmute();
      this.#stage.ticker.start(tickEvery);
    },
    skew: ({ ms }) => {
      const off = `${duration(Math.abs(ms))} ${ms < 0 ? 'behind' : 'ahead'}`;
      this.#say(`the server's clock is ${ms === 0 ? 'right' : off}`);
      this.#stage.server.skewClock(ms);
    },
    push: () => {
      this.#pushed += 1;
      const told = this.#stage.server.push(`message ${this.#pushed}`);
      this.#say(`the server pushes message ${this.#pushed} to ${told} ${told === 1 ? 'client' : 'clients'}`);
    },
    flood: ({ count }) => {
      if (this.#isFlooding) return this.#say('the server is flooding already');
      this.#say(`the server pushes ${count} messages at once`);
      this.#isFlooding = true;
      const flooded = this.#stage.server.flood(count, (number) => `${floodMark} ${number} of ${count}`);
      void flooded.finally(() => {
        this.#isFlooding = false;
      });
    },

    close: () => {
      const state = this.#connection?.state ?? 'closed';
      if (state === 'closed' || state === 'closing') return;
      this.#say('the client closes the connection');
      this.#connection?.close();
    },
    dial: () => {
      if (this.#connection?.state !== 'closed') return;
      this.#say('the client begins a new connection');
      this.begin();
    },
    reconnect: () => {
      if (this.#connection === undefined || this.#connection.state === 'closed') return;
      this.#say('the client leaves the line, and dials');
      this.#connection.reconnect();
    },
    send: ({ text }) => {
      if (this.#connection === undefined) return;
      const { state } = this.#connection;
      const isTaken = this.#connection.send(text);
      const fate = isTaken ? (state === 'alive' || state === 'stale' ? '' : '; it waits for the line') : '; refused';
      this.#say(`the client sends: ${printable(text)}${fate}`);
    },
  };

  /** One thing happens to nodes at a time. @param objection what else keeps it from happening */
  #mayMove(objection: string | undefined): boolean {
    const why = this.#stage.server.isDown || this.#isMoving ? 'the server is busy coming back' : objection;
    if (why !== undefined) this.#say(why);
    return why === undefined;
  }

  #move(moved: Promise<void>): void {
    this.#isMoving = true;
    moved
      .catch((error: unknown) => this.#fail(error))
      .finally(() => {
        this.#isMoving = false;
        this.#changed();
      });
  }

  /** A connection that is over hears nothing any more, and misses nothing. */
  get #isListening(): boolean {
    return this.#connection !== undefined && this.#connection.state !== 'closed';
  }

  get #isOnLine(): boolean {
    const state = this.#connection?.state;
    return state === 'alive' || state === 'stale';
  }

  #tellReturn(count: Count): void {
    const { print, paint } = this.#terminal;
    this.#returned = count;
    const isWhole = count.lost + count.twice + count.gaps === 0;
    print(`  ${paint(isWhole ? 'green' : 'red', summary(count))}`);
  }

  #hear(happening: Happening): void {
    const { print, paint } = this.#terminal;
    if (happening.type === 'state') this.#changed();
    // The count tells it.
    if (happening.type === 'caught-up') return;
    print(asText(happening, paint), renewed.has(happening.type) || isFlood(happening));
    if (happening.type !== 'state' || happening.state !== 'reconnecting' || this.#pulled === undefined) return;
    if (happening.cause !== 'silent') return;
    const took = duration(performance.now() - this.#pulled.at);
    const fired = this.#stage.closeEvents - this.#pulled.closeEvents;
    const heard = fired === 0 ? 'the socket fired no close event' : `close events: ${fired}`;
    print(`  noticed ${took} after the pull, of ${duration(detectionBound(this.#stage.heartbeat))} at most; ${heard}`);
    this.#pulled = undefined;
  }

  #say(what: string, picture = ''): void {
    const { print, paint } = this.#terminal;
    print(`${paint('bold', `▸ ${what}`)}${picture && `   ${picture}`}`);
  }

  #changed(): void {
    const { status } = this;
    const now = JSON.stringify(status);
    if (now === this.#told) return;
    this.#told = now;
    for (const listener of this.#listeners) listener(status);
  }

  #changedSoon(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    setTimeout(() => {
      this.#isDue = false;
      this.#changed();
    }, pace).unref();
  }

  #fail(error: unknown): void {
    this.#reject(error);
    this.#connection?.close();
  }
}

/** What comes all the time. */
const renewed: ReadonlySet<Happening['type']> = new Set<Happening['type']>(['beat', 'published']);
const floodMark = 'flood';

function isFlood(happening: Happening): boolean {
  return happening.type === 'message' && typeof happening.data === 'string' && happening.data.startsWith(floodMark);
}
