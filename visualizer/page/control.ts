/**
 * The demo's far end: what can be done to its server and its cable. Absent where the page was not opened by the demo.
 */
import { signal } from '@preact/signals';

import { HeartbeatWebSocket } from '../../adapters/drop-in.ts';
import { silent } from '../../adapters/protocols/silent.ts';

export interface DemoStatus {
  cable: 'plugged' | 'pulled';
  heartbeats: 'answered' | 'muted';
  /** Each way, ms. */
  delay: number;
  dials: 'accepted' | 'refused';
  /** Of the server's clock, ms. */
  skew: number;
  server: 'up' | 'down';
  /** To which dials are led. */
  node: 'A' | 'B';
  /** Which one is gone. */
  killed: 'A' | 'B' | 'none';
  clients: number;
}

export type DemoCommand =
  | { do: 'pull' | 'plug' | 'reset' | 'restart' | 'forget' | 'push' | 'mute' | 'unmute' | 'refuse' | 'accept' }
  | { do: 'kill' | 'revive' }
  | { do: 'close' | 'reconnect' | 'dial' }
  | { do: 'delay' | 'skew'; ms: number }
  | { do: 'flood'; count: number }
  | { do: 'send'; text: string };

/** Undefined: there is no demo, or it is gone. */
export const stage = signal<DemoStatus | undefined>(undefined);

let line: HeartbeatWebSocket | undefined;

export function takeControl(url: string): void {
  line = new HeartbeatWebSocket(url, [], { protocol: silent(), backoff: { initial: 500, max: 2_000 } });
  line.onmessage = ({ data }) => {
    stage.value = JSON.parse(data as string) as DemoStatus;
  };
  line.onclose = () => {
    stage.value = undefined;
  };
}

export function order(command: DemoCommand): void {
  line?.send(JSON.stringify(command));
}
