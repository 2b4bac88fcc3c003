/**
 * `systole publish`: into a log, from anywhere.
 */
import { createInterface } from 'node:readline';

import { LogError } from '../push/log.ts';
import { type Publisher, publisher } from '../push/publisher.ts';
import { isTopicName } from '../push/topic-name.ts';
import { Failure, parse, UsageError } from './arguments.ts';
import { logAddress } from './log.ts';
import type { Terminal } from './terminal.ts';

export const publishHelp = `usage: systole publish TOPIC TEXT --log URL [options]

Publishes a message to a topic, for all who hear it on any server of the same
log, now or when they come back. Prints the message's cursor.

  TEXT       the message; -: each line of the standard input is one
  --log URL  where topics are kept: redis://HOST:PORT or nats://HOST:PORT, with
             user:password@ where it is asked for; what is special in those is
             percent-encoded. Redis takes npm install redis, NATS takes
             npm install @nats-io/transport-node
  --id ID    the same id within two minutes is the same message, so that it can
             be tried again (default: a new one)

The exit code is 0 when the log has all of it, and 1 where it has not.`;

export async function publish(args: string[], { print }: Terminal): Promise<number> {
  const { values, positionals } = parse(args, { log: { type: 'string' }, id: { type: 'string' } });
  if (values.help) {
    print(publishHelp);
    return 0;
  }
  const [topic, text, ...more] = positionals;
  if (topic === undefined || text === undefined) throw new UsageError('needs a TOPIC and a TEXT');
  if (more.length > 0) throw new UsageError('takes one TEXT; put what has spaces in it between quotes');
  if (!isTopicName(topic)) throw new UsageError('TOPIC must be 1 to 128 characters of A-Z a-z 0-9 _ . : @ / -');
  if (values.log === undefined) throw new UsageError('needs --log, such as redis://127.0.0.1:6379');
  if (values.log === 'memory') {
    throw new UsageError('--log memory is gone with this process; what servers share is at redis:// or nats://');
  }
  if (values.id !== undefined && text === '-') throw new UsageError('--id is of one message, not of each line');

  const opened = await logAddress(values.log).open();
  try {
    const into = publisher(opened.log);
    if (text !== '-') print(await published(into, topic, text, values.id));
    else for await (const cursor of publishedLines(into, topic)) print(cursor);
  } finally {
    await opened.close();
  }
  return 0;
}

async function published(into: Publisher, topic: string, text: string, id?: string): Promise<string> {
  try {
    return await into.publish(topic, text, { ...(id !== undefined && { id }) });
  } catch (error) {
    if (error instanceof LogError) {
      // It may have arrived although nobody says so.
      throw new Failure(`${error.message}${error.id === undefined ? '' : `; --id ${error.id} tries it again`}`);
    }
    // Of a text or an id that there cannot be.
    throw new UsageError((error as Error).message);
  }
}

/** One after the other: the first that fails is the last. */
async function* publishedLines(into: Publisher, topic: string): AsyncGenerator<string> {
  let count = 0;
  try {
    for await (const line of createInterface({ input: process.stdin, terminal: false })) {
      count += 1;
      yield await published(into, topic, line);
    }
  } catch (error) {
    throw new Failure(`line ${count}: ${(error as Error).message}`);
  } finally {
    // A read under way would hold the process.
    process.stdin.destroy();
  }
}
