/** What the questions of trusted push have in common: nodes, who listens, and what is asked of them. */
import type { TestContext } from 'vitest';

import { Child, type Said } from '../test/helpers/children/start.ts';
import { script } from './alternation.ts';
import type { Heartbeat } from './peers/peer.d.ts';

/** What becomes of them at the end. */
export type Finish = Pick<TestContext, 'onTestFinished'>;

/** As `peers/trusted/index.mjs` has them. */
export type WayName = 'push' | 'recovery' | 'rooms' | 'plain' | 'heartbeats';

export interface EngineAt {
  engine: 'memory' | 'redis' | 'nats';
  /** Default: it has none. */
  port?: number;
}

export interface Started {
  node: Child;
  port: number;
}

export async function startNode(
  finish: Finish,
  way: WayName,
  options: EngineAt & { heartbeat?: Heartbeat },
): Promise<Started> {
  const node = startChild(finish, 'trusted-node.mjs', [way, options]);
  const { port } = await node.until('listening');
  return { node, port: Number(port) };
}

/** One at each of the ports. Resolves when all of them listen. */
export async function startListeners(
  finish: Finish,
  way: WayName,
  { heartbeat, count, ports }: { heartbeat?: Heartbeat; count: number; ports: readonly number[] },
): Promise<Child> {
  const urls = ports.map((port) => `ws://127.0.0.1:${port}`);
  const listeners = startChild(finish, 'trusted-listeners.mjs', [way, heartbeat ?? null, String(count), ...urls]);
  await listeners.until('listening');
  return listeners;
}

export function startChild({ onTestFinished }: Finish, name: string, args: readonly unknown[]): Child {
  const child = new Child(script(name), args);
  onTestFinished(() => child.end());
  return child;
}

/** Of one who listens, as `trusted-listeners.mjs` says it. */
export interface Sum {
  lost: number;
  doubled: number;
  disordered: number;
  doubts: number;
  quiet: number;
  took: number[];
  hasLast: boolean;
}

export async function sumOf(listeners: Child): Promise<Sum[]> {
  return (await ask(listeners, 'sum'))['each'] as Sum[];
}

/** What it says next. */
export function next(from: Child, event: string): Promise<Said> {
  return from.until(event, () => true, from.said.length);
}

/** Its answer to a command. */
export function ask(whom: Child, command: string, detail: object = {}): Promise<Said> {
  const answer = next(whom, `done: ${command}`);
  whom.tell(command, detail);
  return answer;
}

/** What so many of them do not exceed. */
export function share(numbers: readonly number[], of: number): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(of * (numbers.length - 1))]!;
}
