/**
 * The demo's fixed story: pull, notice, plug, back, kill, back on the other node, restart, back, close. Each step waits for the real thing to happen and judges it; the
 * first one that does not happen, or happens otherwise, ends the story.
 */
import { setTimeout as sleep } from 'node:timers/promises';

import { type Connection, detectionBound, type State } from '../../adapters/index.ts';
import { asText, follow, type Happening, type StateChange } from '../story.ts';
import { duration, type Terminal } from '../terminal.ts';
import type { Stage } from './cable-stage.ts';
import { type Count, summary, tally } from './tally.ts';

/** What a busy machine may add to the detection bound, ms. */
const slack = 1_000;
/** How long the server is away, ms. */
const downFor = 1_000;
/** Between two numbers, ms. */
const tickEvery = 100;

class Otherwise extends Error {}

/**
 * Answers whether each step really happened.
 * @param patience what any step may take besides its timers, ms
 * @param asked ends the story where it is, and the connection with it
 */
export async function playScript(
  stage: Stage,
  terminal: Terminal,
  patience = 10_000,
  asked?: AbortSignal,
): Promise<boolean> {
  const script = new Script(stage, terminal, patience, asked);
  try {
    await script.play();
    return true;
  } catch (error) {
    if (asked?.aborted) return false;
    if (!(error instanceof Otherwise)) throw error;
    terminal.print(`  ${terminal.paint('red', '✗')} ${error.message}`);
    return false;
  } finally {
    await script.end();
  }
}

/** Something new was heard of the topic after a return. */
interface Returned {
  type: 'returned';
  count: Count;
}

class Script {
  readonly #stage: Stage;
  readonly #terminal: Terminal;
  readonly #bound: number;
  /** For any one step, ms. */
  readonly #limit: number;
  readonly #asked: AbortSignal | undefined;
  readonly #states: State[] = [];
  readonly #unread: (Happening | Returned)[] = [];
  #wake = () => {};
  #connection!: Connection;

  constructor(stage: Stage, terminal: Terminal, patience: number, asked: AbortSignal | undefined) {
    this.#stage = stage;
    this.#terminal = terminal;
    this.#bound = detectionBound(stage.heartbeat);
    this.#limit = this.#bound + patience;
    this.#asked = asked;
    asked?.addEventListener('abort', () => this.#wake());
  }

  async play(): Promise<void> {
    const first = await this.#dial();
    await this.#use();
    await this.#pull();
    const second = await this.#plug(first);
    const third = await this.#kill(second);
    await this.#restart(third);
    await this.#close();
  }

  /** Closes what a story that broke off has left open. */
  async end(): Promise<void> {
    if (this.#connection.state === 'closed') return;
    const closed = new Promise<void>((resolve) => this.#connection.on('closed', () => resolve()));
    this.#connection.close();
    await closed;
  }

  async #dial(): Promise<string> {
    this.#scene('The client dials, and the server names it');
    const { connection, ticks } = this.#stage.dial();
    this.#connection = connection;
    follow(connection, (happening) => this.#hear(happening), [ticks]);
    tally(ticks, (count) => this.#read({ type: 'returned', count }));
    const { id } = await this.#until('alive');
    judgeStates(this.#states, ['connecting', 'awaiting-id', 'alive']);
    judge(id !== undefined, 'alive with an id');
    this.#happened(`alive, and called ${id}`);
    return id;
  }

  async #use(): Promise<void> {
    this.#scene('The server pushes a message, answers a heartbeat, and begins to publish numbers to a topic');
    await this.#push('hello');
    await this.#beat();
    this.#stage.ticker.start(tickEvery);
    await this.#next('a number', ({ type }) => type === 'published');
    this.#happened('the line is in use, and proven');
  }

  async #pull(): Promise<void> {
    this.#scene('The cable is pulled: both sockets stay open, and nothing passes');
    // Cables do not wait for a heartbeat.
    await sleep(this.#stage.heartbeat.interval / 4);
    await this.#alive();
    const { closeEvents } = this.#stage;
    const pulledAt = performance.now();
    this.#stage.cable.silence();
    const { cause } = await this.#until('reconnecting');
    const took = performance.now() - pulledAt;
    judge(cause === 'silent', `cause silent, not ${cause}`);
    judgeStates(this.#states.slice(-3), ['alive', 'stale', 'reconnecting']);
    judge(this.#stage.closeEvents === closeEvents, 'no close event');
    judge(took <= this.#bound + slack, `noticed within ${duration(this.#bound)}, not after ${duration(took)}`);
    this.#happened(`noticed after ${duration(took)}, of ${duration(this.#bound)} at most; no close event was fired`);
  }

  /** @param previousId by which the client was known before */
  async #plug(previousId: string): Promise<string> {
    this.#scene('It dials again, in vain, until the cable is plugged in');
    await this.#until('connecting');
    await sleep(this.#stage.heartbeat.interval / 4);
    this.#stage.cable.heal();
    const id = await this.#restored(previousId);
    const count = await this.#returned();
    judge(count.caughtUp > 0, 'what was published while the line was dead is heard');
    await this.#push('hello again');
    await this.#beat();
    this.#happened(`restored as ${id}, and in use; ${summary(count)}`);
    return id;
  }

  async #kill(previousId: string): Promise<string> {
    const { server } = this.#stage;
    const name = server.current;
    const pid = server.pidOf(name);
    this.#scene(`Node ${name} is ${pid === undefined ? 'gone without a word' : `killed (kill -9 ${pid})`}`);
    await this.#alive();
    await server.kill(name);
    const { cause, code } = await this.#until('reconnecting');
    judge(cause === 'peer-closed', `cause peer-closed, not ${cause}`);
    judge(code === 1006, `no close frame, and not code ${code}`);
    const id = await this.#restored(previousId);
    const count = await this.#returned();
    judge(server.current !== name, 'led to the other node');
    await server.revive(name);
    await this.#beat();
    this.#happened(`restored as ${id}, on node ${server.current}; ${summary(count)}`);
    return id;
  }

  async #restart(previousId: string): Promise<void> {
    this.#scene(`The server restarts, and is away for ${duration(downFor)}`);
    await this.#alive();
    const isBack = this.#stage.server.restart(downFor);
    // If it does not come back, the client's story ends sooner, and says more.
    isBack.catch(() => {});
    const { cause, code } = await this.#until('reconnecting');
    judge(cause === 'peer-closed', `cause peer-closed, not ${cause}`);
    judge(code === 1012, `close code 1012 (service restart), not ${code}`);
    const id = await this.#restored(previousId);
    await isBack;
    const count = await this.#returned();
    await this.#beat();
    this.#happened(`restored as ${id}; ${summary(count)}`);
  }

  async #close(): Promise<void> {
    this.#scene('The client closes the connection');
    await this.#alive();
    this.#connection.close();
    const { cause, code, wasClean } = await this.#until('closed');
    judgeStates(this.#states.slice(-3), ['alive', 'closing', 'closed']);
    judge(cause === 'user-closed', `cause user-closed, not ${cause}`);
    judge(wasClean === true && code === 1000, `close code 1000 and a handshake, not ${code}`);
    this.#happened('closed, with a handshake');
  }

  async #restored(from: string): Promise<string> {
    const { id, previousId } = await this.#until('alive', ({ previous }) => previous === 'awaiting-id');
    judge(previousId === from, `restored from ${from}, not from ${previousId}`);
    judge(id !== undefined && id !== from, `restored under a new id, not as ${id}`);
    return id;
  }

  async #returned(): Promise<Count> {
    const { count } = (await this.#next('a number after the return', ({ type }) => type === 'returned')) as Returned;
    const { lost, twice, gaps } = count;
    judge(lost + twice + gaps === 0, `0 lost, not ${summary(count)}`);
    return count;
  }

  async #push(text: string): Promise<void> {
    this.#stage.server.push(text);
    await this.#next(`the message '${text}'`, (each) => each.type === 'message' && each.data === text);
  }

  async #beat(): Promise<void> {
    await this.#next('an answered heartbeat', ({ type }) => type === 'beat');
  }

  /** A busy machine may have raised a doubt, which passes. */
  async #alive(): Promise<void> {
    while (this.#connection.state !== 'alive') await this.#until('alive');
  }

  async #until(state: State, isIt: (transition: StateChange) => boolean = () => true): Promise<StateChange> {
    const matches = (each: Happening | Returned) => each.type === 'state' && each.state === state && isIt(each);
    return (await this.#next(`the state ${state}`, matches)) as Happening & StateChange;
  }

  /** The next happening not read yet that is the one. @throws {Otherwise} when it does not come in time */
  async #next(what: string, isIt: (each: Happening | Returned) => boolean): Promise<Happening | Returned> {
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      this.#wake();
    }, this.#limit);
    try {
      for (;;) {
        if (this.#asked?.aborted) throw new Otherwise('asked to end');
        for (let next = this.#unread.shift(); next !== undefined; next = this.#unread.shift()) {
          if (isIt(next)) return next;
        }
        if (isLate) throw new Otherwise(`did not happen within ${duration(this.#limit)}: ${what}`);
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    } finally {
      clearTimeout(timer);
    }
  }

  #hear(happening: Happening): void {
    // Of numbers there are many, and the count tells of them.
    if (happening.type !== 'published' && happening.type !== 'caught-up') {
      this.#terminal.print(asText(happening, this.#terminal.paint));
    }
    if (happening.type === 'state') this.#states.push(happening.state);
    this.#read(happening);
  }

  #read(each: Happening | Returned): void {
    this.#unread.push(each);
    this.#wake();
  }

  #scene(what: string): void {
    this.#terminal.print(`\n${this.#terminal.paint('bold', what)}`);
  }

  #happened(what: string): void {
    this.#terminal.print(`  ${this.#terminal.paint('green', '✓')} ${what}`);
  }
}

function judge(isSo: boolean, expected: string): asserts isSo {
  if (!isSo) throw new Otherwise(`it should have been: ${expected}`);
}

function judgeStates(passed: State[], expected: State[]): void {
  judge(passed.join() === expected.join(), `${expected.join(' → ')}, not ${passed.join(' → ')}`);
}
