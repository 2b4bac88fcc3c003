/** Who pulls the cable: keys in a terminal, lines elsewhere, and signals. */
import { createInterface } from 'node:readline';

const keys = { c: 'cut', h: 'heal', r: 'reset', q: 'quit', '\u0003': 'quit' };

export function hands() {
  const { stdin } = process;
  const asKeys = stdin.isTTY;
  const lines = asKeys ? undefined : createInterface({ input: stdin });
  const heard = [];
  let told = (move) => heard.push(move);

  const listeners = {
    key: (data) => {
      for (const key of String(data)) told(keys[key]);
    },
    line: (line) => told(line.trim()),
    signal: () => told('quit'),
  };
  if (asKeys) stdin.setRawMode(true).on('data', listeners.key);
  lines?.on('line', listeners.line);
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, listeners.signal);

  return {
    explain() {
      if (asKeys) console.log('c: pull the cable   h: heal   r: reset   q: quit');
    },
    /** Fulfilled when it is told to quit. */
    quits: (listener) =>
      new Promise((resolve) => {
        told = (move) => (move === 'quit' ? resolve() : listener(move));
        for (const move of heard.splice(0)) told(move);
      }),
    close() {
      if (asKeys) stdin.setRawMode(false).off('data', listeners.key).pause();
      lines?.close();
      // Signals stay ours: who is told twice to end ends once.
    },
  };
}
