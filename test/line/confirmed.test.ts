/** What an answer confirms: what was sent before the heartbeat that it answers, and nothing that was sent later. */
import { expect, test } from 'vitest';

import { connect, type ConnectionEvents } from '../../adapters/connect.ts';
import type { VirtualPeer } from '../kit/virtual-web-socket.ts';
import { type VirtualWorld, virtualWorld } from '../kit/virtual-world.ts';

/** A connection to a server that hears `heard` heartbeats, saying what `says` says to each, and reads no more after that. */
function begin(heard: number, says: (world: VirtualWorld, heartbeat: number) => string | undefined) {
  const world = virtualWorld();
  const peers: VirtualPeer[] = [];
  let heartbeats = 0;
  world.serve({
    opened(peer) {
      peers.push(peer);
      peer.send(JSON.stringify({ id: 'a', now_time: world.serverClock.now() }));
    },
    received(peer, data) {
      if (data !== 'heartbeat' || heartbeats === heard) return;
      heartbeats += 1;
      const text = says(world, heartbeats);
      if (text !== undefined) peer.send(text);
    },
  });
  const connection = connect('ws://virtual', world.options);
  const losses: ConnectionEvents['lost'][] = [];
  connection.on('lost', (loss) => losses.push(loss));
  const answer = () => JSON.stringify({ heartbeat: world.serverClock.now() });
  return {
    world,
    connection,
    answer,
    /** The next heartbeat is written, and only then the one before it is answered. */
    answersLate: async () => {
      await world.run(60_500);
      peers[0]!.send(answer());
      await world.run(1_000);
    },
    /** The line is lost: how many messages are not known to have arrived. */
    unconfirmed: async () => {
      peers[0]!.terminate();
      await world.run(100);
      return losses[0]?.unconfirmed.messages;
    },
  };
}

test('not what was sent before the next heartbeat, where any frame was proof enough of the first', async () => {
  const { world, connection, answersLate, unconfirmed } = begin(1, () => 'a push');
  connection.send('arrives');
  await world.run(61_000);
  connection.send('does not');
  await answersLate();
  expect(await unconfirmed()).toBe(1);
});

test('not what was sent after a heartbeat that was asked twice, and answered twice', async () => {
  const { world, connection, answer, answersLate, unconfirmed } = begin(2, (_, heartbeat) =>
    heartbeat === 2 ? answer() : undefined,
  );
  await world.until(() => connection.state === 'stale');
  await world.until(() => connection.state === 'alive');
  connection.send('does not');
  await answersLate();
  expect(await unconfirmed()).toBe(1);
});

test('all that was sent before it, each time', async () => {
  const { world, connection, answer, unconfirmed } = begin(Infinity, () => answer());
  for (let i = 0; i < 5; i += 1) {
    connection.send('arrives');
    await world.run(61_000);
  }
  connection.send('has not been asked about');
  expect(await unconfirmed()).toBe(1);
});
