/** docs/PROTOCOL.md is true: its examples are played against a real server, and a client that knows nothing but the text misses nothing. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';

import { afterEach, expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';

import { memoryLog, type PushServer, servePush, type Session } from '../../push/index.server.ts';
import { faultProxy } from '../kit/fault-proxy.ts';
import { stranger } from './stranger.ts';

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const each of undo.splice(0).toReversed()) await each();
});

// The examples.

const examples = [
  ...readFileSync('docs/PROTOCOL.md', 'utf8').matchAll(
    /^\*\*([^*]+)\*\*(?:(?!^\*\*)[^])*?^```transcript\n([^]*?)^```$/gm,
  ),
].map(([, name, text]) => ({ name: name!, lines: text!.split('\n').slice(0, -1) }));

test('no example is overlooked', () => {
  const blocks = readFileSync('docs/PROTOCOL.md', 'utf8').match(/^```transcript$/gm);
  expect(examples.length).toBe(blocks?.length);
  expect(examples.length).toBeGreaterThan(10);
});

test.each(examples)('$name: as it is told', async ({ lines }) => {
  const stage = new Stage();
  undo.push(() => stage.close());
  await expectPlayed(stage, lines);
});

async function expectPlayed(stage: Stage, lines: readonly string[]): Promise<void> {
  for (const line of lines) await stage.play(line);
  await stage.end();
}

/** What words in capitals stand for. Times are others each time. */
const forms: Record<string, string> = {
  ID: '[^"]{1,1024}',
  TIME: String.raw`\d{13}`,
  EPOCH: '[A-Za-z0-9_-]{1,40}',
  ALIAS: String.raw`[1-9]\d*`,
};
const placeholder = /\b(ID|TIME|EPOCH|ALIAS)(?:-\d)?\b/g;

/** Servers, a line to one of them, and what was told on it. */
class Stage {
  readonly #known = new Map<string, string>();
  readonly #undo: (() => Promise<void>)[] = [];
  #log = memoryLog({ messages: 3 });
  #push!: PushServer<Session>;
  #url = '';
  #line: Line | undefined;

  /** One line of an example. */
  async play(told: string): Promise<void> {
    const [, who, what = ''] = /^(S→C|C→S|·) ([^]*)$/.exec(told) ?? expect.fail(`no line of an example: ${told}`);
    if (this.#url === '') await this.#serve();
    if (who === '·') return this.#happens(what);
    this.#line ??= new Line(this.#url);
    if (who === 'C→S') return this.#line.send(this.#filledIn(what));
    return this.#expectNext(what);
  }

  /** Nothing else is said. */
  async end(): Promise<void> {
    if (this.#line?.isOpen !== true) return;
    await this.#line.send('heartbeat');
    await this.#expectNext('{"heartbeat":TIME}');
  }

  async close(): Promise<void> {
    this.#line?.drop();
    for (const each of this.#undo) await each();
  }

  async #happens(what: string): Promise<void> {
    const [, data, topic] = /^(.+) is published to (\S+)$/.exec(what) ?? [];
    const [, said] = /^the server's app sends (.+)$/.exec(what) ?? [];
    const [, revoked] = /^(\S+) is revoked$/.exec(what) ?? [];
    if (data !== undefined) {
      await this.#push.publish(topic!, frameIn(data));
    } else if (said !== undefined) {
      for (const client of this.#push.clients) client.send(frameIn(said));
    } else if (revoked !== undefined) {
      this.#push.revoke(revoked);
    } else if (what === 'the line is lost') {
      this.#line?.drop();
    } else if (what === 'the client dials again') {
      this.#line = new Line(this.#url);
    } else if (what === 'the client dials another server of the same log') {
      await this.#serve();
      this.#line = new Line(this.#url);
    } else if (what === 'the server is replaced by one with an empty log') {
      await this.#push.close();
      this.#log = memoryLog({ messages: 3 });
      await this.#serve();
    } else {
      expect.fail(`nobody knows how this happens: ${what}`);
    }
  }

  async #expectNext(told: string): Promise<void> {
    const names: string[] = [];
    const form = literal(told).replaceAll(placeholder, (name, kind: string) => {
      const known = this.#known.get(name);
      if (known !== undefined) return literal(known);
      names.push(name);
      return `(${forms[kind]})`;
    });
    const heard = await this.#line!.next();
    const found = new RegExp(`^${form}$`).exec(heard) ?? expect.fail(`told is "${told}", and heard "${heard}"`);
    for (const [i, name] of names.entries()) if (name !== 'TIME') this.#known.set(name, found[i + 1]!);
  }

  #filledIn(what: string): string {
    return what.replaceAll(placeholder, (name) => this.#known.get(name) ?? expect.fail(`${name} was not told yet`));
  }

  async #serve(): Promise<void> {
    const sockets = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    await once(sockets, 'listening');
    const push = servePush(sockets, {
      log: this.#log,
      maxTopics: 2,
      authorize: (_, topic) => topic !== 'secret' && (topic !== 'fresh' || { history: false }),
      message: (data, client) => client.send(`you said ${data as string}`),
    });
    this.#push = push;
    this.#url = `ws://127.0.0.1:${(sockets.address() as AddressInfo).port}`;
    this.#undo.push(async () => {
      await push.close();
      sockets.close();
    });
  }
}

class Line {
  readonly #socket: WebSocket;
  readonly #opened: Promise<unknown>;
  readonly #heard: string[] = [];
  #wake = () => {};

  constructor(url: string) {
    this.#socket = new WebSocket(url);
    this.#opened = once(this.#socket, 'open');
    const hear = (what: string) => {
      this.#heard.push(what);
      this.#wake();
    };
    this.#socket.on('message', (data: Buffer, isBinary) => hear(isBinary ? shown(data) : String(data)));
    this.#socket.on('close', (code) => hear(`(close ${code})`));
  }

  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  async next(): Promise<string> {
    while (this.#heard.length === 0) await new Promise<void>((resolve) => (this.#wake = resolve));
    return this.#heard.shift()!;
  }

  async send(text: string): Promise<void> {
    await this.#opened;
    this.#socket.send(text);
  }

  drop(): void {
    this.#socket.terminate();
  }
}

function shown(bytes: Buffer): string {
  return `<${bytes.toString('hex').replaceAll(/..(?!$)/g, '$& ')}>`;
}

function frameIn(told: string): string | Buffer {
  return told.startsWith('<') ? Buffer.from(told.replaceAll(/[<> ]/g, ''), 'hex') : (JSON.parse(told) as string);
}

function literal(text: string): string {
  return text.replaceAll(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`);
}

// Who has read the text.

test('a client written from the text alone misses nothing, whatever happens to its line', async () => {
  const log = memoryLog();
  const sockets = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(sockets, 'listening');
  const push = servePush(sockets, { log });
  const proxy = await faultProxy((sockets.address() as AddressInfo).port);
  undo.push(
    () => proxy.close(),
    () => push.close(),
    () => sockets.close(),
  );
  const heard: string[] = [];
  let wake = () => {};
  const until = async (isSo: () => boolean) => {
    while (!isSo()) await new Promise<void>((resolve) => (wake = resolve));
  };
  undo.push(
    stranger(`ws://127.0.0.1:${proxy.port}`, ['news', 'bytes'], (what) => {
      heard.push(what);
      wake();
    }),
  );
  await until(() => heard.includes('bytes: caught up') && heard.includes('news: caught up'));

  const told = { news: [] as string[], bytes: [] as string[] };
  const tell = async (first: number) => {
    for (let i = first; i < first + 20; i += 1) {
      await push.publish('news', `~${i}`);
      await push.publish('bytes', Buffer.from(`b${i}`));
      told.news.push(`news: ~${i}`);
      told.bytes.push(`bytes: <b${i}>`);
    }
  };
  const of = (topic: string) => heard.filter((what) => what.startsWith(topic) && !what.endsWith('caught up'));
  const losses = () => heard.filter((what) => what === 'lost').length;
  const isAllHeard = () => of('news').length >= told.news.length && of('bytes').length >= told.bytes.length;
  for (let cut = 0; cut < 8; cut += 1) {
    await tell(cut * 100);
    // At any moment: in the middle of what is sent, of what was missed, or of nothing.
    if (cut % 3 === 0) await until(isAllHeard);
    if (cut % 2 === 0) proxy.reset();
    else proxy.silence();
    await tell(cut * 100 + 20);
    const before = losses();
    if (cut % 2 === 1) await until(() => losses() > before);
    proxy.heal();
  }
  await until(isAllHeard);
  expect(of('news')).toEqual(told.news);
  expect(of('bytes')).toEqual(told.bytes);

  // And where that cannot be, it is told.
  proxy.refuse();
  proxy.reset();
  for (let i = 0; i < 2_000; i += 1) await push.publish('news', 'much');
  proxy.heal();
  await until(() => heard.some((what) => what.startsWith('news: gap')));
  expect(heard.filter((what) => what.includes('gap'))).toEqual(['news: gap trimmed 2000']);
});
