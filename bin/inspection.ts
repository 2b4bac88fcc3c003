/**
 * The one place at which the command line meets the visualizer's bridge, which is built on its own and may not be there.
 */
import { existsSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';

import type { ConnectOptions } from '../adapters/index.ts';

export interface AppInspector {
  /** For `connect()`. */
  (event: InspectionEvent): void;
  /** Tells no more. */
  stop(): void;
}

type InspectionEvent = Parameters<Extract<NonNullable<ConnectOptions['inspect']>, (...args: never) => void>>[0];

/** Tells pages that connect to it what it has been told. */
export interface RunningInspection {
  inspect: AppInspector;
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  stop(): void;
}

interface InspectionOptions {
  /** Whether pages may send events to the machines. */
  send: boolean;
}

/** Undefined: there is no bridge. */
export async function openInspection(options: InspectionOptions): Promise<RunningInspection | undefined> {
  const bridge = await importBridge<{ serveInspection(options: InspectionOptions): RunningInspection }>();
  return bridge?.serveInspection(options);
}

/** What tells `Entry` after `Entry`, already without secrets, of all that it is told; undefined: there is no bridge. */
export async function openObservation(tell: (entry: object) => void): Promise<AppInspector | undefined> {
  const bridge = await importBridge<{
    observe(tell: (entry: object) => void, options: InspectionOptions): AppInspector;
  }>();
  return bridge?.observe(tell, { send: false });
}

async function importBridge<Bridge>(): Promise<Bridge | undefined> {
  const file = new URL('../visualizer/inspect.node.js', import.meta.url);
  return existsSync(file) ? ((await import(file.href)) as Bridge) : undefined;
}
