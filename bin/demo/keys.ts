/**
 * The demo played by hand: a key is a fault.
 */
import type { Readable } from 'node:stream';

import type { Terminal } from '../terminal.ts';
import type { NodeName } from './nodes.ts';
import type { StageCommand, Stagehand, Status } from './stagehand.ts';

/** What keys come from: a terminal, or any stream. */
export type Keyboard = Readable & { setRawMode?: (raw: boolean) => unknown };

const rows: [key: string, does: string, command?: (stagehand: Stagehand) => StageCommand][][] = [
  [
    ['p', 'pull or plug the cable', ({ status }) => ({ do: status.cable === 'pulled' ? 'plug' : 'pull' })],
    ['x', 'cut it with a reset', () => ({ do: 'reset' })],
    ['d', 'slow it down', ({ status }) => ({ do: 'delay', ms: status.delay === 0 ? 400 : 0 })],
  ],
  [
    ['r', 'restart the server', () => ({ do: 'restart' })],
    ['f', 'forget the session', () => ({ do: 'forget' })],
    ['n', 'refuse or accept dials', ({ status }) => ({ do: status.dials === 'accepted' ? 'refuse' : 'accept' })],
  ],
  [
    ['h', 'mute or answer heartbeats', ({ status }) => ({ do: status.heartbeats === 'answered' ? 'mute' : 'unmute' })],
    ['s', 'skew the clock', ({ status }) => ({ do: 'skew', ms: status.skew === 0 ? -90_000 : 0 })],
    ['m', 'message', () => ({ do: 'push' })],
    ['l', '1000 messages', () => ({ do: 'flood', count: 1_000 })],
  ],
  [
    ['k', 'kill the node, or bring it back', ({ status: { killed, node } }) => killOrRevive(killed, node)],
    ['u', 'reconnect', () => ({ do: 'reconnect' })],
  ],
  [
    [
      'c',
      'close the connection, or dial',
      ({ connection }) => ({ do: connection?.state === 'closed' ? 'dial' : 'close' }),
    ],
    ['q', 'quit'],
  ],
];

/** The node that the client is on is killed; where one is gone, that is brought back. */
function killOrRevive(killed: Status['killed'], node: NodeName): StageCommand {
  if (killed === 'none') return { do: 'kill', node };
  return { do: 'revive', node: killed === 'both' ? node : killed };
}

export const keysHelp = (paint: Terminal['paint']): string =>
  rows.map((row) => row.map(([key, does]) => `${paint('bold', key)} ${does}`).join('   ')).join('\n');

/** Answers when the connection is closed. A second `q` or ctrl-C does not wait for that. */
export async function playKeys(stagehand: Stagehand, keyboard: Keyboard): Promise<void> {
  const commands = new Map(rows.flat().map(([key, , command]) => [key, command]));
  const press = (typed: Buffer | string) => {
    for (const key of String(typed)) {
      const command = commands.get(key)?.(stagehand);
      if (command !== undefined) stagehand.act(command);
      if (quitting.has(key)) quit();
    }
  };
  const quit = () => stagehand.quit();
  stagehand.begin();
  keyboard.on('data', press).on('end', quit);
  try {
    await stagehand.ended;
  } finally {
    keyboard.off('data', press).off('end', quit);
  }
}

/** ctrl-C and ctrl-D are keys like any other in raw mode. */
const quitting: ReadonlySet<string> = new Set(['q', '\u0003', '\u0004']);
