/**
 * `/control` of the demo's page: a WebSocket on which the page asks for actions and is told what holds, as one JSON object each; whoever has asked is told
 * it after each order, with how many have come. What is not understood is ignored.
 */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';

import { type WebSocket, WebSocketServer } from 'ws';

import { answerPings, deny } from '../../adapters/guests.ts';
import { beat, type Told } from './control-line.ts';
import type { Actions, StageCommand, Stagehand, Status } from './stagehand.ts';

/** Of a message from the page, in bytes: 1,000 characters, each of them escaped, and what is around them. */
const longestMessage = 16_384;
/** A page that lets this many bytes wait is cut off. */
const mostWaiting = 65_536;
/** Pages at once. */
const mostPages = 16;

export class Control {
  readonly #server = new WebSocketServer({
    noServer: true,
    maxPayload: longestMessage,
    maxFragments: 8,
    autoPong: false,
  });
  readonly #undo: () => void;
  /** Of each page: orders that it has given, and how many of them it was told to have come. */
  readonly #orders = new WeakMap<WebSocket, { taken: number; told: number }>();

  constructor(stagehand: Stagehand) {
    this.#undo = stagehand.onStatus((status) => {
      for (const page of this.#server.clients) this.#tell(page, status);
    });
    this.#server.on('connection', (page) => {
      // Too long, or no WebSocket: `close` follows.
      page.on('error', () => {});
      answerPings(page);
      const orders = { taken: 0, told: 0 };
      this.#orders.set(page, orders);
      page.on('message', (data, isBinary) => {
        const text = isBinary ? '' : (data as Buffer).toString();
        if (text === beat.question) return say(page, beat.answer);
        const command = commandIn(text);
        if (command === undefined) return undefined;
        orders.taken += 1;
        stagehand.act(command);
        // What has changed nothing was not told.
        if (orders.told < orders.taken) this.#tell(page, stagehand.status);
        return undefined;
      });
      this.#tell(page, stagehand.status);
    });
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (this.#server.clients.size >= mostPages) return deny(socket, '503 Service Unavailable');
    this.#server.handleUpgrade(request, socket, head, (page) => this.#server.emit('connection', page, request));
  }

  #tell(page: WebSocket, status: Status): void {
    const orders = this.#orders.get(page)!;
    orders.told = orders.taken;
    const told: Told = { ...status, taken: orders.taken };
    say(page, JSON.stringify(told));
  }

  stop(): void {
    this.#undo();
    for (const page of this.#server.clients) page.close(1001, 'the demo has ended');
    this.#server.close();
  }
}

/** Undefined for what is no command, or has a value that is out of bounds. What it does not need is left out. */
export function commandIn(text: string): StageCommand | undefined {
  const given = objectIn(text);
  const name = given?.['do'];
  if (typeof name !== 'string' || !Object.hasOwn(fields, name)) return undefined;
  const command: Record<string, unknown> = { do: name };
  for (const [field, isValid] of Object.entries<Check>(fields[name as keyof Actions])) {
    const value = given?.[field];
    if (!isValid(value)) return undefined;
    if (value !== undefined) command[field] = value;
  }
  return command as StageCommand;
}

type Check = (value: unknown) => boolean;

const nothing = {};
/** What each action needs. */
const fields: { [D in keyof Actions]: { [F in keyof Actions[D]]-?: Check } } = {
  pull: nothing,
  plug: nothing,
  reset: nothing,
  delay: { ms: wholeFrom(0, 60_000) },
  restart: nothing,
  forget: nothing,
  kill: { node: isNode },
  revive: { node: isNode },
  refuse: { retryAfter: (value) => value === undefined || wholeFrom(0, 3_600)(value) },
  accept: nothing,
  mute: nothing,
  unmute: nothing,
  // A year.
  skew: { ms: wholeFrom(-31_536_000_000, 31_536_000_000) },
  push: nothing,
  flood: { count: wholeFrom(1, 10_000) },
  close: nothing,
  dial: nothing,
  reconnect: nothing,
  send: { text: (value) => typeof value === 'string' && value.length <= 1_000 },
};

function isNode(value: unknown): boolean {
  return value === 'A' || value === 'B';
}

function wholeFrom(least: number, most: number): Check {
  return (value) => Number.isInteger(value) && (value as number) >= least && (value as number) <= most;
}

function objectIn(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function say(page: WebSocket, text: string): void {
  if (page.readyState !== page.OPEN) return;
  if (page.bufferedAmount > mostWaiting) return page.terminate();
  page.send(text);
}
