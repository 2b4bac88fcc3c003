/**
 * `systole serve`: a push server that speaks id-heartbeat; with `--push`, trusted push.
 */
import { createInterface } from 'node:readline';

import { originOf } from '../adapters/loopback.ts';
import type { Log } from '../push/log.ts';
import { publisher } from '../push/publisher.ts';
import { isTopicName } from '../push/topic-name.ts';
import { askedBy, milliseconds, noPositionals, parse, port, UsageError } from './arguments.ts';
import { interrupted } from './interrupt.ts';
import { logAddress } from './log.ts';
import { type News, PushServer } from './push-server.ts';
import { Sayings } from './sayings.ts';
import { contentOf } from './story.ts';
import { duration, printable, type Terminal } from './terminal.ts';

export const serveHelp = `usage: systole serve [options]

A push server that speaks id-heartbeat, on 127.0.0.1. Each line typed is pushed
to every client. What is pushed while a line is dead is lost, but with --push:
then each line is TOPIC TEXT, and is published to that topic. Who hears it and
comes back hears what was missed, or is told of a gap.

  --port PORT            where to listen; 0: any free port (default 8080)
  --tick MS              push a ticker as well, every so often; with --push it
                         is numbered, and published to the topic ticks
  --push                 serve topics: watch them with systole watch --topic
  --log memory|URL       with --push: where topics are kept (default memory); at
                         redis://HOST:PORT or nats://HOST:PORT servers share
                         them, and systole publish publishes to them. See there
                         for users, passwords and packages
  --messages             print what clients say: texts up to 400 characters, of
                         bytes how many and the first; no heartbeats. Tokens may
                         be among it: without this nothing of it is printed
  --silence MS           cut off a client from whom nothing came for so long
                         (default 150000)
  --allow-origin ORIGIN  let web pages of this origin connect, besides those
                         that this machine serves; may be repeated

It serves this machine only: a Host or an Origin from elsewhere is refused.
ctrl-C ends it; the end of the input does not.`;

export async function serve(args: string[], terminal: Terminal): Promise<number> {
  const { values, positionals } = parse(args, {
    port: { type: 'string' },
    tick: { type: 'string' },
    push: { type: 'boolean' },
    log: { type: 'string' },
    messages: { type: 'boolean' },
    silence: { type: 'string' },
    'allow-origin': { type: 'string', multiple: true },
  });
  const { print, paint } = terminal;
  if (values.help) {
    print(serveHelp);
    return 0;
  }
  noPositionals(positionals);
  const wanted = port('port', values.port) ?? 8080;
  const tick = milliseconds('tick', values.tick);
  const silence = milliseconds('silence', values.silence) ?? 150_000;
  const allowedOrigins = new Set(values['allow-origin']?.map(allowedOrigin));
  if (values.log !== undefined && !values.push) throw new UsageError('--log goes with --push only');
  const address = values.push ? logAddress(values.log ?? 'memory') : undefined;

  const start = performance.now();
  const say: Say = (mark, what) => {
    const at = ((performance.now() - start) / 1_000).toFixed(3).padStart(9);
    print(`${paint('dim', at)}  ${mark} ${what}`);
  };
  const sayings = new Sayings((what) => say(paint('cyan', '‹'), what));
  const topics = await address?.open();
  try {
    const hint = (id: string) => say(paint('dim', '‹'), paint('dim', `${id}  says something; --messages shows what`));
    const opening = PushServer.open({
      port: wanted,
      silence,
      allowedOrigins,
      log: topics?.log,
      hear: (news) => say(markOf(news, terminal), sentenceOf(news, silence)),
      message: values.messages ? (id, said) => sayings.add(() => `${id}  ${contentOf(said())}`) : once(hint),
    });
    const server = await askedBy('port', opening);
    const asked = interrupted();

    const speaks = topics === undefined ? 'id-heartbeat' : `push, topics in ${topics.name}`;
    print(`${paint('bold', 'systole serve')}  ws://127.0.0.1:${server.port}  ${speaks}`);
    const becomes = topics === undefined ? 'pushed to every client' : 'TOPIC TEXT, and published to that topic';
    print(paint('dim', `each line typed here is ${becomes}; ctrl-C ends`));
    print('');

    const destination = topics === undefined ? allClients(server, say, paint) : topicsOf(topics.log, say, paint);
    const typed = createInterface({ input: process.stdin, terminal: false }).on('line', (text) =>
      destination.line(text),
    );
    const ticker = tick && setInterval(() => destination.tick(), tick);
    await asked;
    clearInterval(ticker);
    typed.close();
    // A read under way would hold the process.
    process.stdin.destroy();
    await server.close();
    sayings.end();
  } finally {
    await topics?.close();
  }
  say(paint('dim', '×'), 'ended');
  return 0;
}

/** The same, the first time. */
function once<T>(act: (what: T) => void): (what: T) => void {
  let acts: typeof act | undefined = act;
  return (what) => {
    acts?.(what);
    acts = undefined;
  };
}

type Say = (mark: string, what: string) => void;

/** What becomes of a line, and of a tick. */
interface Destination {
  line(text: string): void;
  tick(): void;
}

function allClients(server: PushServer, say: Say, paint: Terminal['paint']): Destination {
  let ticks = 0;
  const line = (text: string) => {
    const told = server.push(text);
    say(paint('cyan', '›'), `pushed to ${clients(told)}: ${printable(text)}`);
  };
  return { line, tick: () => line(`tick ${(ticks += 1)} ${new Date().toISOString()}`) };
}

function topicsOf(log: Log, say: Say, paint: Terminal['paint']): Destination {
  const into = publisher(log);
  let ticks = 0;
  let isTicking = false;
  const publish = async (topic: string, text: string) => {
    try {
      const cursor = await into.publish(topic, text);
      say(paint('cyan', '›'), `published to ${topic} as ${cursor}: ${printable(text)}`);
    } catch (error) {
      say(paint('red', '!'), `not published to ${topic}: ${(error as Error).message}`);
    }
  };
  return {
    line(typed) {
      const [, topic, text] = /^(\S+) (.*)$/s.exec(typed) ?? [];
      if (isTopicName(topic) && text !== undefined) return void publish(topic, text);
      return say(paint('red', '!'), `not published: ${printable(typed)}: a line is TOPIC TEXT, such as news hello`);
    },
    async tick() {
      // While a log cannot be reached there is one question at a time.
      if (isTicking) return;
      isTicking = true;
      await publish('ticks', `tick ${(ticks += 1)} ${new Date().toISOString()}`);
      isTicking = false;
    },
  };
}

function allowedOrigin(given: string): string {
  const origin = originOf(given);
  if (origin === undefined) throw new UsageError(`--allow-origin must be an origin, such as https://app.example.com`);
  return origin;
}

function markOf({ type }: News, { paint }: Terminal): string {
  if (type === 'joined') return paint('green', '+');
  if (type === 'subscribed') return paint('dim', '?');
  return type === 'left' ? paint('yellow', '-') : paint('red', '!');
}

function sentenceOf(news: News, silence: number): string {
  if (news.type === 'refused') return `refused: ${printable(news.why)}`;
  if (news.type === 'subscribed') return `${news.id}  asks for ${listed(news.topics)}`;
  const { id, clients: left } = news;
  if (news.type === 'joined') return `${id}  connected; ${clients(left)}`;
  const how = {
    closed: `left (${news.code})`,
    vanished: 'vanished without a close frame',
    silent: `dropped: silent for more than ${duration(silence)}`,
    slow: 'dropped: it reads too slowly',
  }[news.why];
  return `${id}  ${how}; ${clients(left)}`;
}

function clients(count: number): string {
  return `${count} ${count === 1 ? 'client' : 'clients'}`;
}

/** Enough for a glance. */
const mostListed = 5;

function listed(topics: readonly string[]): string {
  const more = topics.length - mostListed;
  return `${topics.slice(0, mostListed).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
