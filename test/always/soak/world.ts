/**
 * Everybody together: servers, proxies and clients, what is done to them, and what is noticed. A fault of systole's ends the story.
 */
import { setTimeout as sleep } from 'node:timers/promises';

import { lateness } from '../../helpers/watched.ts';
import { type FaultProxy, faultProxy } from '../../kit/fault-proxy.ts';
import { chance } from '../../kit/schedule.ts';
import { dialects, SoakClient } from './clients.ts';
import { type Group, kinds } from './fault-kinds.ts';
import type { Account } from './ledger.ts';
import { noFates, type Fates } from './ledger.ts';
import { type Fault, pickOf } from './plan.ts';
import { SoakPage } from './platform.ts';
import { type Listener, RealServer, RudeServer, type SoakGuest, type SoakServer } from './servers.ts';

/** Groups of so many clients. */
const groupSize = 10;
/** By group: which server it is at. */
const places = [0, 0, 1, 2, 2, 3];
export const groupsAt = { real: [0, 1, 2], rude: [3, 4, 5] };

/** How many lines of a story are told, and kept of each client and group. */
const longestStory = 30;

interface StoryLine {
  at: number;
  what: string;
}

export class World {
  readonly groups: Group[] = [];
  /** What is wrong: the first of it is told, with its story. */
  readonly complaints: string[] = [];
  readonly counts = new Map<string, number>();
  /** Servers whose answers are not to be believed now. */
  readonly liars = new Set<SoakServer>();
  /** True: the servers answer each message. */
  answers = false;
  /** Of timers, on this machine, meanwhile. */
  readonly lateness = lateness();
  /** Ms that a client was in doubt of its line. */
  longestDoubt = 0;
  /** Clients' sockets that have been collected. */
  collected = 0;
  readonly sockets = new FinalizationRegistry<void>(() => (this.collected += 1));
  readonly #seed: number;
  readonly #startedAt = performance.now();
  readonly #servers: SoakServer[] = [];
  readonly #stories = new Map<SoakClient | Group, StoryLine[]>();
  readonly #undoings = new Map<NodeJS.Timeout, () => void>();
  readonly #work = new Set<Promise<void>>();
  #closed: Promise<void> | undefined;
  /** The index of the last fault. */
  #at = -1;

  constructor(seed: number) {
    this.#seed = seed;
  }

  get clients(): SoakClient[] {
    return this.groups.flatMap(({ clients }) => clients);
  }

  async start(): Promise<void> {
    const listener: Listener = {
      arrived: (guest, data) => this.#arrived(guest, data),
      came: (guest) => {
        if (this.#servers.some((server) => this.liars.has(server) && server.guests.has(guest))) {
          this.accountOf(guest).lies(guest.dial);
        }
      },
    };
    for (const server of [
      new RealServer(listener, false),
      new RealServer(listener, true),
      new RudeServer(listener),
      new RudeServer(listener),
    ]) {
      this.#servers.push(await server.start());
    }
    for (const [index, place] of places.entries()) {
      const server = this.#servers[place]!;
      const proxy = await faultProxy(server.port);
      this.groups.push(this.#group(index, server, proxy));
    }
  }

  /** Lets it happen, with some traffic, and waits as long as the plan says. */
  async suffer(fault: Fault): Promise<void> {
    this.#at = fault.index;
    const group = this.groups[fault.group]!;
    const how = fault.one ? `one (${fault.pick.toFixed(3)})` : 'all';
    for (const each of this.groups.filter(({ server }) => server === group.server)) {
      this.tell(
        each,
        `fault ${fault.index}: ${fault.kind}, ${how} of group ${group.index}, ${Math.round(fault.lasts)} ms`,
      );
    }
    this.count(`fault: ${fault.kind}`);
    const undo = kinds[fault.kind].begin(group, fault);
    if (undo !== undefined) {
      const timer = setTimeout(() => {
        this.#undoings.delete(timer);
        undo();
      }, fault.lasts);
      this.#undoings.set(timer, undo);
    }
    this.#chat(fault);
    await sleep(fault.wait);
  }

  /** Something that a fault has begun and that ends by itself. */
  while(work: Promise<void>): void {
    this.#work.add(work);
    void work.finally(() => this.#work.delete(work));
  }

  async heal(): Promise<void> {
    for (const [timer, undo] of this.#undoings) {
      clearTimeout(timer);
      undo();
    }
    this.#undoings.clear();
    while (this.#work.size > 0) await Promise.all(this.#work);
    for (const { proxy } of this.groups) proxy.heal();
    for (const client of this.clients) this.tell(client, 'all is well again');
  }

  close(): Promise<void> {
    return (this.#closed ??= this.#close());
  }

  /** How many lines there are by the servers' and by the proxies' word: one for each client, when all have settled. */
  get lines(): { guests: number; links: number } {
    const guests = this.#servers.reduce((sum, server) => sum + server.guests.size, 0);
    return { guests, links: this.groups.reduce((sum, { proxy }) => sum + proxy.links.length, 0) };
  }

  /** What is held by the servers and the platforms. */
  get leftovers(): number {
    const servers = this.#servers.reduce((sum, { leftovers }) => sum + leftovers, 0);
    return this.groups.reduce(
      (sum, { platform, proxy }) => sum + platform.listeners + platform.intervals + proxy.links.length,
      servers,
    );
  }

  get fates(): Fates {
    const sum = { ...noFates };
    for (const { account } of this.clients) {
      for (const [fate, count] of Object.entries(account.fates)) sum[fate as keyof Fates] += count;
    }
    return sum;
  }

  accountOf(guest: SoakGuest): Account {
    return this.clients[guest.client]!.account;
  }

  push(guest: SoakGuest, text: string): void {
    guest.say(`p${guest.dial}.${this.accountOf(guest).pushes(guest.dial)} ${text}`);
  }

  count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }

  tell(of: SoakClient | Group, what: string): void {
    const story = this.#stories.get(of) ?? [];
    this.#stories.set(of, story);
    story.push({ at: performance.now(), what });
    if (story.length > longestStory) story.shift();
  }

  complain(client: SoakClient, what: string): void {
    const group = this.groups.find(({ clients }) => clients.includes(client));
    const told = [client, group].flatMap((each) => (each && this.#stories.get(each)) ?? []);
    const story = told
      .toSorted((a, b) => a.at - b.at)
      .slice(-longestStory)
      .map((each) => `  ${(each.at - this.#startedAt).toFixed(0).padStart(8)} ms  ${each.what}`);
    this.complaints.push([`seed ${this.#seed}, fault ${this.#at}, ${client.name}: ${what}`, ...story].join('\n'));
  }

  async #close(): Promise<void> {
    await this.heal();
    this.lateness.stop();
    await Promise.all(this.clients.filter(({ state }) => state !== 'closed').map((client) => client.close()));
    await Promise.all(this.groups.map(({ proxy }) => proxy.close()));
    await Promise.all(this.#servers.map((server) => server.close()));
  }

  #group(index: number, server: SoakServer, proxy: FaultProxy): Group {
    const platform = new SoakPage();
    const protocols = server instanceof RealServer ? dialects.real : dialects.rude;
    const clients = Array.from(
      { length: groupSize },
      (_, i) => new SoakClient({ index: index * groupSize + i, world: this, port: proxy.port, platform, protocols }),
    );
    return { index, proxy, server, platform, clients, world: this };
  }

  /** Some send, and some are sent to, be they there or not. */
  #chat({ seed }: Fault): void {
    const random = chance(seed);
    for (let i = 0; i < 3; i += 1) {
      const client = pickOf(this.clients, random());
      const isUp = client.state === 'alive' || client.state === 'stale';
      const form = random() < 0.9 ? 'text' : random() < 0.8 ? 'bytes' : 'blob';
      // Some are large, so that the system's buffers fill and the socket has no room.
      const largest = random() < 0.9 ? 300 : random() < 0.7 ? 20_000 : 400_000;
      for (let left = Math.ceil(30 * random() ** 2); left > 0; left -= 1) {
        this.count(isUp ? 'sent while up' : 'sent while down');
        client.send(20 + largest * random(), form);
      }
      if (random() < 0.02) client.takeBack();
    }
    const guest = pickOf([...pickOf(this.#servers, random()).guests], random());
    if (guest === undefined) return;
    for (let left = Math.ceil(20 * random()); left > 0; left -= 1) this.push(guest, 'news');
  }

  #arrived(guest: SoakGuest, data: string | Uint8Array): void {
    const account = this.clients[guest.client]?.account;
    const number = account?.arrived(guest.dial, data);
    if (number !== undefined && this.answers) this.push(guest, `answers ${number}`);
  }
}
