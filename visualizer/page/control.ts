/**
 * The demo's far end: what can be done to its server and its cable. Absent where the page was not opened by the demo.
 *
 * Its line has a heart like any other; and an order that may have been lost with it is told, since nothing says by itself whether it came.
 */
import { signal } from '@preact/signals';

import { HeartbeatWebSocket } from '../../adapters/drop-in.ts';
import { plain } from '../../adapters/protocols/plain.ts';
import { beat, type Told } from '../../bin/demo/control-line.ts';
import type { StageCommand, Status } from '../../bin/demo/stagehand.ts';
import { pace } from './line.ts';

/** As it was told last. Undefined: there is no demo. */
export const stage = signal<Status | undefined>(undefined);
/** `ended`: it has said goodbye; it is asked for all the same. */
export const hearing = signal<'heard' | 'lost' | 'ended'>('lost');
/** What was ordered last, and may not have come. */
export const doubtful = signal<readonly string[]>([]);

let line: HeartbeatWebSocket | undefined;
/** What was ordered on this line and is not known to have come, and how much is. */
let waiting: readonly string[] = [];
let taken = 0;

/** What an endpoint says that goes away: RFC 6455, 7.4.1. */
const goingAway = 1001;

export function takeControl(url: string): void {
  line = new HeartbeatWebSocket(url, [], {
    ...pace,
    protocol: plain({ heartbeat: beat.question, reply: beat.answer }),
  });
  line.onmessage = ({ data }) => {
    const { taken: come, ...status } = JSON.parse(data as string) as Told;
    waiting = waiting.slice(come - taken);
    taken = come;
    stage.value = status;
    hearing.value = 'heard';
  };
  line.addEventListener('lost', ({ detail: { code } }) => {
    if (hearing.value === 'heard') doubtful.value = waiting;
    waiting = [];
    taken = 0;
    // What cannot be dialled afterwards was not said goodbye by again.
    if (hearing.value === 'heard') hearing.value = code === goingAway ? 'ended' : 'lost';
  });
}

/** @param called what people call it. Nothing happens while nobody hears it: it is not kept for later. */
export function order(command: StageCommand, called: string): void {
  if (line === undefined || hearing.value !== 'heard') return;
  doubtful.value = [];
  waiting = [...waiting, called];
  line.send(JSON.stringify(command));
}
