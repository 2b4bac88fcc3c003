/**
 * `systole serve`: a push server that speaks id-heartbeat.
 */
import { createInterface } from 'node:readline';

import { originOf } from '../adapters/loopback.ts';
import { askedBy, milliseconds, noPositionals, parse, port, UsageError } from './arguments.ts';
import { interrupted } from './interrupt.ts';
import { type News, PushServer } from './push-server.ts';
import { duration, printable, type Terminal } from './terminal.ts';

export const serveHelp = `usage: systole serve [options]

A push server that speaks id-heartbeat, on 127.0.0.1. Each line typed is pushed
to every client.

  --port PORT            where to listen; 0: any free port (default 8080)
  --tick MS              push a ticker as well, every so often
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
    silence: { type: 'string' },
    'allow-origin': { type: 'string', multiple: true },
  });
  const { print, paint } = terminal;
  if (values.help) {
    print(serveHelp);
    return 0;
  }
  noPositionals(positionals);
  const tick = milliseconds('tick', values.tick);
  const silence = milliseconds('silence', values.silence) ?? 150_000;
  const allowedOrigins = new Set(values['allow-origin']?.map(allowedOrigin));

  const start = performance.now();
  const say = (mark: string, what: string) => {
    const at = ((performance.now() - start) / 1_000).toFixed(3).padStart(9);
    print(`${paint('dim', at)}  ${mark} ${what}`);
  };
  const opening = PushServer.open({
    port: port('port', values.port) ?? 8080,
    silence,
    allowedOrigins,
    hear: (news) => say(markOf(news, terminal), sentenceOf(news, silence)),
  });
  const server = await askedBy('port', opening);
  const push = (text: string) => {
    const told = server.push(text);
    say(paint('cyan', '›'), `pushed to ${clients(told)}: ${printable(text)}`);
  };

  const asked = interrupted();

  print(`${paint('bold', 'systole serve')}  ws://127.0.0.1:${server.port}  id-heartbeat`);
  print(paint('dim', 'each line typed here is pushed to every client; ctrl-C ends'));
  print('');

  const typed = createInterface({ input: process.stdin, terminal: false }).on('line', push);
  let ticks = 0;
  const ticker = tick && setInterval(() => push(`tick ${(ticks += 1)} ${new Date().toISOString()}`), tick);
  await asked;
  clearInterval(ticker);
  typed.close();
  // A read under way would hold the process.
  process.stdin.destroy();
  await server.close();
  say(paint('dim', '×'), 'ended');
  return 0;
}

function allowedOrigin(given: string): string {
  const origin = originOf(given);
  if (origin === undefined) throw new UsageError(`--allow-origin must be an origin, such as https://app.example.com`);
  return origin;
}

function markOf({ type }: News, { paint }: Terminal): string {
  if (type === 'joined') return paint('green', '+');
  return type === 'left' ? paint('yellow', '-') : paint('red', '!');
}

function sentenceOf(news: News, silence: number): string {
  if (news.type === 'refused') return `refused: ${printable(news.why)}`;
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
