/**
 * A look at a server that names nobody in the dialect that was tried: one connection, which asks in the two ways that cannot do harm, a ping and the
 * text `heartbeat`, and is gone two seconds later at the latest.
 */
import { type ClientOptions, WebSocket } from 'ws';

import { jsonObject } from '../adapters/protocols/protocol.ts';

export interface Seen {
  /** It answered a ping of WebSocket itself. */
  readonly ponged: boolean;
  /** How it answered the text `heartbeat`, where that can be told from what it says anyway. */
  readonly answer?: 'echo' | 'id-heartbeat' | 'pong';
  /** What else it said, first things first. */
  readonly said: readonly string[];
}

/** How long answers may take, ms. */
const usualPatience = 2_000;
/** And a dial. */
const handshakeTimeout = 5_000;
/** As much is heard of what it says. */
const most = { frames: 16, characters: 4_096 };

export interface LookOptions {
  protocols: readonly string[];
  headers?: Record<string, string> | undefined;
  /** Whose certificates are taken. */
  trust?: Pick<ClientOptions, 'ca' | 'rejectUnauthorized'>;
  /** Ends it. */
  signal: AbortSignal;
  /** Ms for the answers. */
  patience?: number;
}

/** Undefined: there was nobody to look at, or somebody left. It never rejects. */
export async function look(
  url: string,
  { protocols, headers, trust, signal, patience = usualPatience }: LookOptions,
): Promise<Seen | undefined> {
  if (signal.aborted) return undefined;
  const said: string[] = [];
  let opened = false;
  let ponged = false;
  let answer: Seen['answer'];
  const socket = new WebSocket(url, [...protocols], {
    maxPayload: 1_048_576,
    handshakeTimeout,
    ...trust,
    ...(headers && { headers }),
  });
  await new Promise<void>((resolve) => {
    let late: NodeJS.Timeout | undefined;
    const stop = () => {
      clearTimeout(late);
      resolve();
    };
    signal.addEventListener('abort', stop, { once: true });
    const isSeen = () => ponged && answer !== undefined;
    socket.on('error', stop).on('close', stop);
    socket.on('open', () => {
      opened = true;
      late = setTimeout(stop, patience);
      socket.ping();
      socket.send('heartbeat');
    });
    socket.on('pong', () => {
      ponged = true;
      if (isSeen()) stop();
    });
    socket.on('message', (data: Buffer) => {
      if (said.length >= most.frames) return;
      const text = data.toString('utf8', 0, most.characters);
      const how = answerIn(text);
      if (how === undefined) said.push(text);
      else answer ??= how;
      if (isSeen()) stop();
    });
  });
  socket.terminate();
  return opened && !signal.aborted ? { ponged, said, ...(answer && { answer }) } : undefined;
}

/** Nothing that a server says unasked. */
function answerIn(text: string): Seen['answer'] {
  if (text === 'heartbeat') return 'echo';
  if (text === 'pong') return 'pong';
  const keys = Object.keys(jsonObject(text) ?? {});
  return keys.length === 1 && keys[0] === 'heartbeat' ? 'id-heartbeat' : undefined;
}
