/**
 * `systole watch`: one line for each transition of a connection to any server.
 */
import { connect, detectionBound } from '../adapters/index.ts';
import type { Protocol } from '../adapters/protocols/protocol.ts';
import { defaultSettings } from '../machines/settings.ts';
import { connectPush, type PushOptions } from '../push/index.ts';
import { positionIn } from '../push/position.ts';
import { isTopicName } from '../push/topic-name.ts';
import { milliseconds, parse, urlIn, UsageError, wholeNumber } from './arguments.ts';
import { Counsel } from './counsel.ts';
import { dialectLines, overheard, protocolNamed } from './dialects.ts';
import { onInterrupt } from './interrupt.ts';
import { look } from './look.ts';
import { Recording } from './recording.ts';
import { asJson, asText, follow, type Happening } from './story.ts';
import { duration, type Terminal } from './terminal.ts';
import { attentive, checkDial, headersIn, insecurity, shownUrl, trustIn } from './upgrade.ts';

export const watchHelp = `usage: systole watch URL [options]

Connects to a WebSocket server and prints a line for each transition: seconds
since the beginning, previous → state, cause, id, round-trip time, next dial.
Of the URL no more is printed than its host, of the session's id its end. What
an error of a dial means, and what to do, is told once.

  --protocol NAME        how the server shows life (default id-heartbeat):
${dialectLines}
                         a server that does not name the session is told of,
                         with the protocol to try; the second time it is looked
                         at: one connection, a ping, and the text heartbeat
  --heartbeat TEXT       with plain: what we ask with (default ping)
  --reply TEXT           with plain: what it answers with (default pong)
  --interval MS          from a beat to the next heartbeat (default ${defaultSettings.heartbeat.interval})
  --timeout MS           for the answer, or the line is given up (default ${defaultSettings.heartbeat.timeout})
  --retries N            dials in a row that may fail (default: any number)
  --header 'NAME: VALUE' send a header with the upgrade; may be repeated, and is
                         never printed
  --subprotocol NAME     offer a subprotocol; may be repeated
  --ca FILE              trust the certificates in it (PEM) as well: those of
                         the server, or of who has signed them
  --insecure             take any certificate: for tests, and never with a token
                         that is worth something
  --topic TOPIC          hear a topic of a server of trusted push: each message
                         with its place, also what was missed; gaps; and when
                         there is nothing more to catch up; may be repeated
  --cursor CURSOR        with one --topic: begin there, not with what is new
  --messages             print messages as well
  --json                 print JSON, one object a line; times in ms
  --record FILE          write down what the machine does, for the page of
                         systole visualize; neither URL, headers nor messages
  --force                with --record: overwrite the file

ctrl-C closes the connection, a second one ends at once. The exit code is 0 if
it was closed so, 1 if it closed for any other cause.`;

export async function watch(args: string[], terminal: Terminal): Promise<number> {
  const { values, positionals } = parse(args, {
    protocol: { type: 'string' },
    heartbeat: { type: 'string' },
    reply: { type: 'string' },
    interval: { type: 'string' },
    timeout: { type: 'string' },
    retries: { type: 'string' },
    header: { type: 'string', multiple: true },
    subprotocol: { type: 'string', multiple: true },
    ca: { type: 'string' },
    insecure: { type: 'boolean' },
    topic: { type: 'string', multiple: true },
    cursor: { type: 'string' },
    messages: { type: 'boolean' },
    json: { type: 'boolean' },
    record: { type: 'string' },
    force: { type: 'boolean' },
  });
  const { print, paint } = terminal;
  if (values.help) {
    print(watchHelp);
    return 0;
  }
  const url = urlIn(positionals);
  const { interval, timeout } = defaultSettings.heartbeat;
  const topics = topicsIn(values);
  const { protocol, said } = overheard(protocolNamed(values.protocol ?? 'id-heartbeat', values));
  const heartbeat = {
    interval: milliseconds('interval', values.interval) ?? interval,
    timeout: milliseconds('timeout', values.timeout) ?? timeout,
  };
  if (values.force && values.record === undefined) throw new UsageError('--force goes with --record only');
  const { subprotocol: subprotocols = [] } = values;
  const headers = values.header && headersIn(values.header);
  const { WebSocket: WebSocketClass, pointsTo } = attentive();
  const options: PushOptions = {
    heartbeat,
    retries: wholeNumber('retries', values.retries, 0, Number.MAX_SAFE_INTEGER) ?? Infinity,
    protocols: subprotocols,
    ...(headers && { headers }),
    WebSocket: WebSocketClass,
  };
  checkDial(url, { ...options, protocol });
  const trust = trustIn(url, values);
  options.wsOptions = trust;
  const recording = values.record === undefined ? undefined : await Recording.open(values.record, values.force);
  const inspect = recording?.inspect;
  const push = topics.length > 0 ? connectPush(url, { ...options, inspect }) : undefined;
  const connection = push?.connection ?? connect(url, { ...options, protocol, inspect });
  void recording?.failed.then(() => connection.close());
  const leaving = new AbortController();
  const undo = onInterrupt(() => {
    leaving.abort();
    connection.close();
  });

  if (!values.json) {
    print(`${paint('bold', 'systole watch')}  ${shownUrl(url)}  ${push ? 'push' : protocol.name}`);
    print(paint('dim', promiseOf(protocol, heartbeat)));
    print('');
  }
  let begun = performance.now();
  const tell = (happening: Happening) => {
    // As whoever tells has it: what is warned of stands between what happens.
    begun = performance.now() - happening.at;
    if (happening.type === 'message' && !values.messages) return;
    if (values.json) print(asJson(happening));
    else print(asText(happening, paint), happening.type === 'beat');
    if (happening.type === 'state') counsel.hear(happening);
  };
  const warn = (code: string, message: string, at = performance.now() - begun) =>
    tell({ at, type: 'warning', code, message });
  const counsel = new Counsel({
    dialled: () => ({ url, pointsTo: pointsTo() }),
    // Topics have a protocol of their own.
    protocol: push ? undefined : protocol,
    said,
    look: () =>
      look(url, {
        protocols: [...subprotocols, ...(protocol.subprotocols ?? [])],
        headers,
        trust,
        signal: leaving.signal,
      }),
    tell: warn,
  });
  if (values.insecure) warn('insecure', insecurity, 0);
  const cause = await new Promise<string>((resolve) => {
    const { cursor } = values;
    follow(connection, tell, push && topics.map((topic) => push.topic(topic, { cursor })));
    connection.on('closed', (end) => resolve(end.cause));
  });
  await counsel.settled;
  undo();
  recording?.end();
  return cause === 'user-closed' ? 0 : 1;
}

/** @throws {UsageError} which repeats nothing of it */
function topicsIn({ topic: given = [], cursor, protocol }: { topic?: string[]; cursor?: string; protocol?: string }) {
  const topics = [...new Set(given)];
  if (topics.length > 0 && protocol !== undefined) {
    throw new UsageError('--topic and --protocol do not go together: topics have a protocol of their own');
  }
  if (!topics.every(isTopicName))
    throw new UsageError('--topic must be 1 to 128 characters of A-Z a-z 0-9 _ . : @ / -');
  if (cursor === undefined) return topics;
  if (topics.length !== 1) throw new UsageError('--cursor goes with one --topic');
  if (positionIn(cursor) === undefined) throw new UsageError('--cursor must be the cursor of a topic');
  return topics;
}

function promiseOf({ liveness }: Protocol, heartbeat: { interval: number; timeout: number }): string {
  if (liveness === 'none') return 'no heartbeat: a line that dies without a close event is not noticed';
  if (liveness === 'server-beats')
    return `the server beats: a dead line is given up ${duration(heartbeat.timeout)} after a beat that did not come`;
  return `a heartbeat every ${duration(heartbeat.interval)}, ${duration(heartbeat.timeout)} to answer: a dead line is given up within ${duration(detectionBound(heartbeat))}`;
}
