/**
 * The demo played by hand: a key is a fault.
 */
import type { Readable } from 'node:stream';

import { detectionBound } from '../adapters/index.ts';
import type { Stage } from './stage.ts';
import { asText, follow } from './story.ts';
import { duration, type Terminal } from './terminal.ts';

/** What keys come from: a terminal, or any stream. */
export type Keyboard = Readable & { setRawMode?: (raw: boolean) => unknown };

/** How long a restarted server is away, ms. */
const downFor = 1_000;

export const keysHelp = (paint: Terminal['paint']): string =>
  [
    ['p', 'pull or plug the cable'],
    ['r', 'restart the server'],
    ['f', 'forget the session'],
    ['m', 'push a message'],
    ['q', 'quit'],
  ]
    .map(([key = '', does = '']) => `${paint('bold', key)} ${does}`)
    .join('   ');

/** Answers when the connection is closed. A second `q` or ctrl-C does not wait for that. */
export async function playKeys(stage: Stage, keyboard: Keyboard, { print, paint }: Terminal): Promise<void> {
  const { cable, server } = stage;
  const bound = detectionBound(stage.heartbeat);
  const connection = stage.dial();
  let pulled: { at: number; closeEvents: number } | undefined;
  let messages = 0;

  const act = (what: string, picture = '') => print(`${paint('bold', `▸ ${what}`)}${picture && `   ${picture}`}`);

  follow(connection, (happening) => {
    print(asText(happening, paint), happening.type === 'beat');
    if (happening.type !== 'state' || happening.state !== 'reconnecting' || pulled === undefined) return;
    if (happening.cause !== 'silent') return;
    const took = duration(performance.now() - pulled.at);
    const fired = stage.closeEvents - pulled.closeEvents;
    const heard = fired === 0 ? 'the socket fired no close event' : `close events: ${fired}`;
    print(`  noticed ${took} after the pull, of ${duration(bound)} at most; ${heard}`);
    pulled = undefined;
  });

  return new Promise<void>((resolve, reject) => {
    const done = () => {
      keyboard.off('data', press).off('end', quit);
      resolve();
    };
    const fail = (error: Error) => {
      reject(error);
      connection.close();
    };
    const quit = () => {
      if (connection.state === 'closed' || connection.state === 'closing') return done();
      act('quit');
      connection.close();
    };
    const keys: Record<string, () => void> = {
      p: () => {
        if (cable.isPulled) {
          act('the cable is plugged in', 'client ─── server');
          pulled = undefined;
          cable.plug();
          return;
        }
        act('the cable is pulled: both sockets stay open, nothing passes', `client ─${paint('red', '✂')}─ server`);
        pulled = { at: performance.now(), closeEvents: stage.closeEvents };
        cable.pull();
      },
      r: () => {
        if (server.isDown) return act('the server is restarting already');
        act(`the server restarts, and is away for ${duration(downFor)}`);
        void server.restart(downFor).then(() => act('the server is there again'), fail);
      },
      f: () => {
        if (server.isDown) return act('the server is restarting, and has forgotten all');
        server.forget();
        act('the server forgets its clients: whoever comes back is somebody new');
      },
      m: () => {
        const told = server.push(`message ${(messages += 1)}`);
        act(`the server pushes message ${messages} to ${told} ${told === 1 ? 'client' : 'clients'}`);
      },
      q: quit,
      // ctrl-C and ctrl-D, which are keys like any other in raw mode.
      '\u0003': quit,
      '\u0004': quit,
    };
    const press = (typed: Buffer | string) => {
      for (const key of String(typed)) {
        if (Object.hasOwn(keys, key)) keys[key]?.();
      }
    };
    connection.on('closed', done);
    keyboard.on('data', press).on('end', quit);
  });
}
