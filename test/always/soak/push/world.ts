/** Everybody together: an engine, nodes, their lines, clients, publishers; what is done to them, and what is noticed. */
import { setTimeout as sleep } from 'node:timers/promises';

import { type Position, positionIn } from '../../../../push/position.ts';
import { freePort } from '../../../helpers/engines.ts';
import { type FaultProxy, faultProxy } from '../../../kit/fault-proxy.ts';
import { MemoryEngine } from './engine.memory.ts';
import type { EngineName, Opened, SoakEngine } from './engine.ts';
import { positionsOf, startEngine } from './engines.ts';
import { drawn, kinds } from './fault-kinds.ts';
import { judge, type Verdict } from './judge.ts';
import { Ledger, type Life } from './ledger.ts';
import { Listener } from './listeners.ts';
import { NodeProcess } from './nodes.ts';
import { type Fault, pickOf } from './plan.ts';
import { byLog, Publisher, type Way } from './publishers.ts';

/** Messages of a topic: less than a burst. */
export const kept = 200;
const listenerCount = 12;
const publisherCount = 5;
/** For how long everybody may be on the way back, ms: `load` is tried again after up to 30 s. */
const patience = 120_000;
/** How many lines of a story are told, and what of it, ms before and after. */
const longestStory = Number(process.env['SOAK_STORY'] ?? 80);
const storyFrom = 8_000;
const storyTo = 1_000;

interface Told {
  readonly when: number;
  readonly what: string;
}

/** A node: a port, and the process that serves it. Where memory is shared, it is the same process. */
interface Node {
  readonly port: number;
  readonly process: NodeProcess;
}

export class World {
  readonly topics = ['t0', 't1', 't2', 't3', 't4', 't5'];
  readonly ledger = new Ledger(this.topics);
  readonly complaints: string[] = [];
  readonly counts = new Map<string, number>();
  readonly listeners: Listener[] = [];
  readonly proxies: FaultProxy[] = [];
  engine!: SoakEngine;
  /** What an engine loses now is not yet known. */
  isLosing = false;
  /** Ms from when all was well again until everybody had all there is, at the worst. */
  longestTail = 0;
  tailsUnfinished = 0;
  /** Losses, of which each topic has begun another life. */
  losses = 0;
  readonly #nodes: Node[] = [];
  readonly #publishers: Publisher[] = [];
  readonly #opened: Opened[] = [];
  readonly #stories = new Map<number, Told[]>();
  readonly #faults: Told[] = [];
  readonly #undoings = new Map<NodeJS.Timeout, () => void>();
  readonly #work = new Set<Promise<void>>();
  readonly #startedAt = performance.now();
  #wake = () => {};
  #lossesBegun = 0;
  #log!: Opened;

  async start(name: EngineName, seed: number): Promise<void> {
    const ports = [await freePort(), await freePort()];
    const input = { engine: name, kept, failed: (why: string) => this.complain(`a node: ${why}`) };
    if (name === 'memory') {
      const process = new NodeProcess({ ...input, ports, enginePort: 0 });
      this.engine = new MemoryEngine(process);
      this.#nodes.push(...ports.map((port) => ({ port, process })));
      await process.start();
    } else {
      this.engine = await startEngine(name, kept);
      for (const [i, port] of ports.entries()) {
        const enginePort = this.engine.lines[i]!.port;
        this.#nodes.push({ port, process: new NodeProcess({ ...input, ports: [port], enginePort }) });
      }
      await Promise.all(this.#nodes.map(({ process }) => process.start()));
    }
    for (const port of ports) this.proxies.push(await faultProxy(port));
    await this.#settle();
    this.#log = await this.engine.open(this.engine.lines[2]);
    this.#opened.push(this.#log);
    const byNode = this.#nodes.map(
      ({ process }): Way =>
        async (...given) =>
          (await process.call('publish', ...given)) as string,
    );
    const waysOf = [[byLog(this.#log.log)], byNode, byNode.toReversed(), [byLog(this.#log.log), ...byNode]];
    for (let i = 0; i < publisherCount; i += 1) {
      const ways = waysOf[i % waysOf.length]!;
      this.#publishers.push(new Publisher(`p${i}`, { world: this, ways, seed: seed + i }));
    }
    for (let i = 0; i < listenerCount; i += 1) {
      const topics = [0, 1, 3].map((step) => this.topics[(i + step) % this.topics.length]!);
      this.listeners.push(new Listener(i, topics, this));
    }
    for (const each of this.#publishers) each.goOn();
  }

  // What happens

  async suffer(fault: Fault): Promise<void> {
    const name = drawn(this, fault.draw);
    this.#faults.push({ when: performance.now(), what: `fault ${fault.index}: ${name}` });
    this.count(`fault: ${name}`);
    const undo = kinds[name]!.begin(this, fault);
    if (undo instanceof Promise) this.#while(undo);
    else if (undo !== undefined) {
      const timer = setTimeout(() => {
        this.#undoings.delete(timer);
        undo();
      }, fault.lasts);
      this.#undoings.set(timer, undo);
    }
    await sleep(fault.wait);
  }

  /** All is well again; everybody is to have all there is. */
  async calm(): Promise<void> {
    for (const [timer, undo] of this.#undoings) {
      clearTimeout(timer);
      undo();
    }
    this.#undoings.clear();
    while (this.#work.size > 0) await Promise.all(this.#work);
    for (const proxy of [...this.proxies, ...this.engine.lines]) proxy.heal();
    this.#faults.push({ when: performance.now(), what: 'all is well again' });
    await Promise.all(this.#publishers.map((each) => each.stop()));
    const last = new Publisher('end', { world: this, ways: [byLog(this.#log.log)], seed: 0 });
    const since = performance.now();
    const ends = new Map<string, Position | undefined>();
    for (const topic of this.topics) ends.set(topic, await last.say(topic, 1));
    await this.#tails(ends, since);
    for (const each of this.#publishers) each.goOn();
  }

  judge(): Verdict {
    const { isDense } = this.engine;
    return judge(this.ledger, { isDense, kept }, (life, when, what) => {
      this.#tellStory(life.client, when, `${this.listeners[life.client]!.name}, ${life.topic}: ${what}`, life);
    });
  }

  /** Bytes that have waited for a client, at most. */
  get mostUnsent(): number {
    return Math.max(...this.#nodes.map(({ process }) => process.mostUnsent));
  }

  async close(): Promise<void> {
    await Promise.all(this.#publishers.map((each) => each.stop()));
    await Promise.all(this.listeners.map((each) => each.close()));
    await Promise.all([...this.#processes].map((process) => process.end()));
    await this.#closeRest();
  }

  /** Whatever is left of it. */
  async abandon(): Promise<void> {
    await Promise.all([...this.#processes].map((process) => process.kill()));
    await this.#closeRest();
  }

  // For faults

  get idleNodes(): readonly Node[] {
    return this.#nodes.filter(({ process }) => !process.isBusy);
  }

  burst(topic: string | undefined, { left, size }: { left: number; size: number }): void {
    if (topic !== undefined) pickOf(this.#publishers, (left % 97) / 97).burst(topic, Math.floor(left), size);
  }

  killNode({ process }: Node, downFor: number): Promise<void> {
    return this.#busy([process], async () => {
      await process.kill();
      await sleep(downFor);
      await process.start();
    });
  }

  stopNode({ process }: Node, lasts: number): Promise<void> {
    return this.#busy([process], async () => {
      process.pause();
      await sleep(lasts);
      process.resume();
    });
  }

  restartNodes(nodes: readonly Node[], downFor: number): Promise<void> {
    const isShared = this.#processes.size === 1;
    return this.#busy(
      nodes.map(({ process }) => process),
      async () => {
        for (const { process, port } of nodes) {
          if (isShared) await process.call('close', port);
          else await process.end();
          await sleep(downFor);
          if (isShared) await process.call('serve', port);
          else await process.start();
        }
      },
    );
  }

  async stopEngine(lasts: number): Promise<void> {
    this.isLosing = true;
    await this.engine.pause();
    await sleep(lasts);
    this.engine.resume();
    this.isLosing = false;
  }

  lose(pick: number, amount: number): Promise<void> {
    const { losses } = this.engine;
    const sum = Object.values(losses).reduce((total, { weight }) => total + weight, 0);
    let left = pick * sum;
    const name = Object.keys(losses).find((each) => (left -= losses[each]!.weight) < 0)!;
    this.count(`of which: ${name}`);
    this.#faults.push({ when: performance.now(), what: name });
    const shared = this.engine.name === 'memory' ? this.#nodes.map(({ process }) => process) : [];
    this.isLosing = true;
    this.#lossesBegun += 1;
    return this.#busy(shared, async () => {
      await losses[name]!.happen(amount, () => this.#settle());
      await this.#settle();
      this.isLosing = false;
      this.#faults.push({ when: performance.now(), what: `${name}: done` });
    });
  }

  /**
   * Answers whether a position of now is to be relied upon. Where numbers are shared among topics, and a stream was deleted and made anew, a message may be acknowledged as of
   * the life before, by a log that has not noticed yet: whoever goes on from there is told of a gap.
   */
  steadiness(): (topic: string, cursor: string) => boolean {
    const { isLosing, engine } = this;
    const begun = this.#lossesBegun;
    return (topic, cursor) => {
      if (engine.isDense) return true;
      return !isLosing && begun === this.#lossesBegun && positionIn(cursor)?.epoch === this.epochOf(topic);
    };
  }

  // For clients

  portOf(node: number): number {
    return this.proxies[node]!.port;
  }

  stateOf(topic: string): Promise<string> {
    return this.#log.log.head(topic).then(({ epoch, at }) => `${epoch}.${at}`);
  }

  epochOf(topic: string): string | undefined {
    return this.ledger.topic(topic).epochs.at(-1);
  }

  wake(): void {
    this.#wake();
  }

  count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }

  tell(client: number, what: string): void {
    const story = this.#stories.get(client) ?? [];
    this.#stories.set(client, story);
    story.push({ when: performance.now(), what });
  }

  complain(what: string): void {
    this.complaints.push(`${this.#timeOf(performance.now())}  ${what}`);
    this.#wake();
  }

  // What is noticed

  /** Every topic is in the last life of the log, as far as this is known. */
  async #settle(): Promise<void> {
    const { topics, ledger } = this;
    const positions = await positionsOf(() => this.engine.open(), topics);
    const before = ledger.topic(topics[0]!).epochs.length;
    for (const [i, topic] of topics.entries()) ledger.topic(topic).settle(positions[i]!);
    this.losses += before > 0 ? ledger.topic(topics[0]!).epochs.length - before : 0;
  }

  /** Everybody comes to the last message of each topic, by hearing it, or by a gap that was told. */
  async #tails(ends: ReadonlyMap<string, Position | undefined>, since: number): Promise<void> {
    const late = setTimeout(() => this.#wake(), patience);
    for (;;) {
      const behind = this.listeners
        .flatMap((each) => each.places)
        .filter(({ life, cursor }) => !isAt(ends.get(life.topic), positionIn(cursor)));
      const ms = performance.now() - since;
      if (behind.length === 0 || ms > patience) {
        this.longestTail = Math.max(this.longestTail, ms);
        this.tailsUnfinished += behind.length;
        for (const { life, cursor } of behind) {
          const what = `${this.listeners[life.client]!.name}, ${life.topic}: unfinished, at ${cursor}`;
          this.#tellStory(life.client, performance.now(), what, life);
        }
        break;
      }
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    clearTimeout(late);
  }

  #tellStory(client: number, when: number, what: string, life: Life): void {
    if (this.complaints.length > 20) return void this.complaints.push(what);
    const story = [...(this.#stories.get(client) ?? []), ...this.#faults, ...linesOf(life)]
      .filter((each) => each.when > when - storyFrom && each.when < when + storyTo)
      .toSorted((a, b) => a.when - b.when);
    const epochs = this.ledger.topic(life.topic).epochs.join(', ');
    const lines = story.slice(-longestStory).map((each) => `  ${this.#timeOf(each.when)}  ${each.what}`);
    this.complaints.push([`${this.#timeOf(when)}  ${what}`, `  lives of the log: ${epochs}`, ...lines].join('\n'));
  }

  #timeOf(when: number): string {
    return `${(when - this.#startedAt).toFixed(0).padStart(8)} ms`;
  }

  get #processes(): Set<NodeProcess> {
    return new Set(this.#nodes.map(({ process }) => process));
  }

  async #busy(processes: readonly NodeProcess[], work: () => Promise<void>): Promise<void> {
    for (const each of processes) each.isBusy = true;
    await work();
    for (const each of processes) each.isBusy = false;
  }

  #while(work: Promise<void>): void {
    const done = work
      .catch((error: unknown) => this.complain(`what was done has failed: ${String(error)}`))
      .finally(() => this.#work.delete(done));
    this.#work.add(done);
  }

  async #closeRest(): Promise<void> {
    for (const timer of this.#undoings.keys()) clearTimeout(timer);
    for (const { leave } of this.#opened.splice(0)) await leave();
    await Promise.all(this.proxies.splice(0).map((proxy) => proxy.close()));
    await this.engine.stop();
  }
}

function isAt(end: Position | undefined, position: Position | undefined): boolean {
  return end !== undefined && position !== undefined && position.epoch === end.epoch && position.at >= end.at;
}

/** What a life has heard, where messages that follow each other are one line. */
function linesOf({ topic, happenings }: Life): Told[] {
  const lines: { when: number; what: string; first?: string; last?: string; count: number }[] = [];
  for (const each of happenings) {
    const line = lines.at(-1);
    if (each.kind === 'heard') {
      const what = `${each.epoch}.${each.at} "${each.message}"${each.replayed ? ' again' : ''}`;
      if (line?.first !== undefined && each.when - line.when < 300) {
        line.last = what;
        line.count += 1;
      } else lines.push({ when: each.when, what: '', first: what, last: what, count: 1 });
    } else {
      const to = 'to' in each ? ` ${each.to.epoch}.${each.to.at}` : '';
      const reason = each.kind === 'gap' ? ` ${each.reason} ${each.missed}` : '';
      lines.push({ when: each.when, what: `${topic}: ${each.kind}${to}${reason}`, count: 0 });
    }
  }
  return lines.map(({ when, what, first, last, count }) => ({
    when,
    what: first === undefined ? what : `${topic}: heard ${first}${count > 1 ? ` … ${last}, ${count}` : ''}`,
  }));
}
