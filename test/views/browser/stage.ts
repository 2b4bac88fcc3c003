/** What the views of all frameworks are watched with. */
import { expect, inject, onTestFinished } from 'vitest';

import { connect, type Connection } from '../../../adapters/index.ts';
import { type Behaviour, Rig } from '../../websockets/rig/rig.ts';

/** How long anything here may take before it counts as never, ms. */
const patience = 30_000;

/** A server, gone with the test. */
export async function rigged(behaviour?: Behaviour): Promise<Rig> {
  const rig = await Rig.make(inject('rigs'), behaviour);
  onTestFinished(() => rig.remove());
  return rig;
}

/** Made by the app, and closed with the test. */
export function shared(url: string, options = {}): Connection {
  const connection = connect(url, { closeTimeout: 200, ...options });
  onTestFinished(() => connection.close());
  return connection;
}

/** An element of the page, gone with the test. */
export function place(): HTMLElement {
  const element = document.body.appendChild(document.createElement('main'));
  onTestFinished(() => element.remove());
  return element;
}

export async function untilSo(isSo: () => unknown): Promise<void> {
  await expect.poll(() => Boolean(isSo()), { timeout: patience, interval: 5 }).toBe(true);
}

/** Waits until so many sockets are open at the server. */
export async function expectOpen(rig: Rig, count: number): Promise<void> {
  await expect.poll(async () => (await rig.report()).open, { timeout: patience, interval: 20 }).toBe(count);
}

/** Who listens to the page at large, from now on: by how many there are more than there were. */
export function listenersToThePage(): () => number {
  const targets: ReadonlySet<unknown> = new Set([window, document]);
  const original = Object.getOwnPropertyDescriptors(EventTarget.prototype);
  let count = 0;
  const counted = (name: 'addEventListener' | 'removeEventListener', change: number) =>
    Object.defineProperty(EventTarget.prototype, name, {
      ...original[name],
      value(this: EventTarget, ...args: unknown[]) {
        if (targets.has(this)) count += change;
        Reflect.apply(original[name].value as () => void, this, args);
      },
    });
  counted('addEventListener', 1);
  counted('removeEventListener', -1);
  onTestFinished(() => void Object.defineProperties(EventTarget.prototype, original));
  return () => count;
}

/** What the console has to complain of, from now on. */
export function complaints(): unknown[] {
  const heard: unknown[] = [];
  const { error, warn } = console;
  Object.assign(console, {
    error: (...all: unknown[]) => heard.push(all),
    warn: (...all: unknown[]) => heard.push(all),
  });
  onTestFinished(() => void Object.assign(console, { error, warn }));
  return heard;
}
