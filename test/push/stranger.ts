/** A client of push, written from docs/PROTOCOL.md alone: it imports nothing of ours. */
import { WebSocket } from 'ws';

/** As they please a test, ms: on a machine, they would be longer. */
const interval = 150;
const timeout = 500;
const pause = 20;

/** How far a topic was heard; and when it was complete at last, epoch ms. */
type Heard = { epoch: string; at: number; completeAt: number; isCaughtUp: boolean };

/** Hears topics for as long as it is not stopped. */
export function stranger(url: string, topics: readonly string[], tell: (what: string) => void): () => void {
  const heard = new Map<string, Heard>();
  let stop = () => {};

  const move = (topic: string, epoch: string, at: string) =>
    heard.set(topic, { completeAt: Date.now(), isCaughtUp: false, ...heard.get(topic), epoch, at: Number(at) });

  const take = (topic = '', at = '', payload = '') => {
    const its = heard.get(topic);
    if (its === undefined || Number(at) <= its.at) return;
    tell(`${topic}: ${payload}`);
    its.at = Number(at);
  };

  const wish = (topic: string) => {
    const its = heard.get(topic);
    return its ? [topic, `${its.epoch}.${its.at}`, Date.now() - its.completeAt] : [topic, null, null];
  };

  const dial = () => {
    const socket = new WebSocket(url);
    const aliases = new Map<string, string>();
    let announced: string[] = [];
    let isWelcome = false;
    let timer = setTimeout(() => lost(), timeout);
    stop = () => {
      clearTimeout(timer);
      socket
        .removeAllListeners()
        .on('error', () => {})
        .terminate();
    };
    const lost = () => {
      stop();
      for (const its of heard.values()) its.isCaughtUp = false;
      tell('lost');
      timer = setTimeout(dial, pause);
    };
    const isAlive = () => {
      for (const its of heard.values()) if (its.isCaughtUp) its.completeAt = Date.now();
      clearTimeout(timer);
      timer = setTimeout(() => {
        socket.send('heartbeat');
        timer = setTimeout(lost, timeout);
      }, interval);
    };
    const hear = (text: string) => {
      const [kind = '', alias = '', first = '', second = '', ...rest] = text.split(' ');
      const topic = aliases.get(alias) ?? '';
      if (/^~\d/.test(kind)) take(aliases.get(kind.slice(1)), alias, text.slice(kind.length + alias.length + 2));
      else if (kind === '~b') announced = [topic, first];
      else if (kind === '~o') {
        const name = rest[0] ?? '';
        aliases.set(alias, name);
        if (!heard.has(name)) move(name, first, second);
      } else if (kind === '~=') {
        const { epoch = '', at = 0 } = heard.get(topic) ?? {};
        move(topic, epoch, String(Math.max(at, Number(first))));
        heard.get(topic)!.isCaughtUp = true;
        tell(`${topic}: caught up`);
      } else if (kind === '~g') {
        move(topic, first, second);
        tell(`${topic}: gap ${rest.join(' ')}`);
      } else if (!isWelcome && JSON.parse(text).push >= 1) {
        isWelcome = true;
        socket.send(`~s ${JSON.stringify(topics.map((name) => wish(name)))}`);
      }
    };
    socket.on('error', () => {});
    socket.on('close', lost);
    socket.on('message', (data: Buffer, isBinary) => {
      isAlive();
      if (isBinary) take(announced[0], announced[1], `<${data.toString()}>`);
      else hear(data.toString());
    });
  };

  dial();
  return () => stop();
}
