/**
 * What people call the machines they see: by what they are, by what their inspection was named, and never by what nobody can tell apart.
 */
import { once } from 'node:events';

import { expect, onTestFinished, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { type AnyStateMachine, createActor, createMachine } from 'xstate';

import { inspect, serveInspection } from '../../visualizer/bridge/inspect.node.ts';
import type { Inspection, Observed } from '../../visualizer/bridge/inspect.types.ts';
import { observe } from '../../visualizer/bridge/observe.ts';
import type { Entry } from '../../visualizer/entry.ts';
import { closedPort, listen, open, speakIdHeartbeat, untilState } from '../helpers/support.ts';

const lamp = createMachine({ id: 'lamp', initial: 'off', states: { off: {} } });
const room = createMachine({ id: 'room', invoke: { src: lamp, id: 'ceiling' } });

/** What all machines that are observed are called, in the order in which they came. */
function named(options?: Observed) {
  const names: string[] = [];
  const observation = observe((entry) => void (entry.type === 'registered' && names.push(entry.name)), options);
  onTestFinished(() => observation.stop());
  return { names, observation };
}

function start(inspection: Inspection, machine: AnyStateMachine = lamp, id?: string): void {
  const actor = createActor(machine, { inspect: inspection, ...(id !== undefined && { id }) }).start();
  onTestFinished(() => void actor.stop());
}

/** What a page is told that comes now. */
async function told(port: number): Promise<string[]> {
  const socket = await vi.waitFor(async () => {
    const dialled = new WebSocket(`ws://127.0.0.1:${port}`);
    await once(dialled, 'open');
    return dialled;
  });
  onTestFinished(() => socket.terminate());
  const names: string[] = [];
  const isThere = new Promise<void>((resolve) => {
    socket.on('message', (data) => {
      const { type, id } = JSON.parse((data as Buffer).toString()) as { type: string; id: string };
      if (type === 'service.register') names.push(id);
      if (id === 'last') resolve();
    });
  });
  socket.send(JSON.stringify({ type: 'xstate.inspecting' }));
  await isThere;
  return names;
}

test('of one kind and one inspection they are numbered', async () => {
  const { url } = await listen((socket) => speakIdHeartbeat(socket, 'session'));
  const { names, observation } = named();
  const connections = [1, 2, 3].map(() => open(url, { inspect: observation }));
  await Promise.all(connections.map((each) => untilState(each, 'alive')));
  start(observation);
  expect(names).toEqual(['connection', 'connection 2', 'connection 3', 'lamp']);
});

test('a named inspection names what has no name of its own', async () => {
  const { url } = await listen((socket) => speakIdHeartbeat(socket, 'session'));
  const { names, observation } = named({ name: 'orders' });
  const connections = [1, 2].map(() => open(url, { inspect: observation }));
  await Promise.all(connections.map((each) => untilState(each, 'alive')));
  start(observation, room, 'kitchen');
  expect(names).toEqual(['orders', 'orders 2', 'kitchen', 'ceiling']);
});

test('inspections of one port each name their own, and are the same for all who ask alike', async () => {
  const port = await closedPort();
  const orders = inspect({ port, name: 'orders' });
  onTestFinished(() => orders.stop());
  const chat = inspect({ port, name: 'chat' });
  const other = inspect({ port });
  expect(inspect({ port, name: 'orders' })).toBe(orders);
  expect(new Set([orders, chat, other]).size).toBe(3);
  for (const each of [orders, chat, other, orders, chat]) start(each);
  start(other, lamp, 'last');
  expect(await told(port)).toEqual(['orders', 'chat', 'lamp', 'orders 2', 'chat 2', 'last']);
});

test('what stops one stops all of the port', async () => {
  const port = await closedPort();
  const orders = inspect({ port, name: 'orders' });
  inspect({ port, name: 'chat' }).stop();
  const again = inspect({ port, name: 'orders' });
  onTestFinished(() => again.stop());
  expect(again).not.toBe(orders);
  start(orders, lamp, 'unseen');
  start(again, lamp, 'last');
  expect(await told(port)).toEqual(['last']);
});

test('a number is not given twice: pages remember who had it', () => {
  const { names, observation } = named({ name: 'orders' });
  for (let i = 0; i < 3; i += 1) createActor(lamp, { inspect: observation }).start().stop();
  expect(names).toEqual(['orders', 'orders 2', 'orders 3']);
});

test('a name is told as it is, also where it is no word; it is not what a machine says', () => {
  const entries: Entry[] = [];
  const observation = observe((entry) => entries.push(entry), { name: 'Bestellungen №7 (eu-west-1)' });
  onTestFinished(() => observation.stop());
  start(observation);
  expect(entries[0]).toMatchObject({ type: 'registered', name: 'Bestellungen №7 (eu-west-1)' });
});

const remedy = "name must be a text of 1 to 60 characters, such as 'orders'";
for (const name of ['', '   ', 'x'.repeat(61), 7, null, ['orders']]) {
  test(`${JSON.stringify(name)?.slice(0, 20)} is no name`, () => {
    const options = { name } as object;
    for (const call of [() => inspect(options), () => serveInspection(options), () => observe(() => {}, options)])
      expect(call).toThrow(remedy);
  });
}
