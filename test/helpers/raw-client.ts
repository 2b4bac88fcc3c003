/**
 * A client without manners: a TCP connection that says what it likes, and reads only when it is told to.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export interface UpgradeOptions {
  path?: string;
  /** In place of, or besides, those of a proper upgrade. */
  headers?: Readonly<Record<string, string>>;
  /** Ends it. */
  signal?: AbortSignal | undefined;
}

/** What it asks for an upgrade with. */
export function upgradeRequest({ path = '/', headers = {} }: UpgradeOptions = {}): string {
  const lines = Object.entries({ ...properHeaders, ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  return `GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`;
}

const properHeaders = {
  Host: '127.0.0.1',
  Connection: 'Upgrade',
  Upgrade: 'websocket',
  'Sec-WebSocket-Version': '13',
  'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAAAA==',
};

/** Connected by TCP, and nothing is said yet. */
export async function dialled(port: number, { signal }: Pick<UpgradeOptions, 'signal'> = {}): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', ...(signal && { signal }) }).on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

/** A WebSocket that has begun, on which nothing is read from now on. */
export async function upgraded(port: number, options: UpgradeOptions = {}): Promise<Socket> {
  const socket = await dialled(port, options);
  socket.write(upgradeRequest(options));
  const [answer] = (await once(socket, 'data')) as [Buffer];
  if (!answer.toString('latin1').startsWith('HTTP/1.1 101 ')) throw new Error(`no upgrade: ${answer.toString()}`);
  return socket.pause();
}

export const opcodes = { continuation: 0x0, text: 0x1, ping: 0x9 } as const;

/** A frame, masked with zeros (RFC 6455 §5.2). */
export function frame(opcode: number, payload: string | Uint8Array = '', isLast = true): Buffer {
  const bytes = Buffer.from(payload);
  const length =
    bytes.length < 126 ? [0x80 | bytes.length] : bytes.length < 65_536 ? [0xfe, 0, 0] : [0xff, 0, 0, 0, 0, 0, 0, 0, 0];
  const header = Buffer.from([(isLast ? 0x80 : 0) | opcode, ...length, 0, 0, 0, 0]);
  if (bytes.length >= 65_536) header.writeBigUInt64BE(BigInt(bytes.length), 2);
  else if (bytes.length >= 126) header.writeUInt16BE(bytes.length, 2);
  return Buffer.concat([header, bytes]);
}

/** Many times the same, in one piece of some 64 KiB. */
export function gush(frames: Buffer): Buffer {
  return Buffer.concat(Array.from({ length: Math.ceil(65_536 / frames.length) }, () => frames));
}

/** Says `piece` again and again, as fast as it is taken, until `bytes` are said; or it is cut off. */
export async function flood(socket: Socket, piece: Buffer, bytes: number): Promise<'all said' | 'cut off'> {
  const gone = new Promise<void>((resolve) => socket.once('close', resolve));
  for (let said = 0; said < bytes; said += piece.length) {
    if (socket.destroyed) return 'cut off';
    if (!socket.write(piece)) await Promise.race([once(socket, 'drain').catch(() => {}), gone]);
  }
  return socket.destroyed ? 'cut off' : 'all said';
}

export const foreign = { headers: { Host: 'evil.example' } };
const request = 'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n';

/** Says it, and reads nothing. */
export async function saying(port: number, text: string): Promise<Socket> {
  const socket = await dialled(port);
  socket.pause().write(text);
  return socket;
}

/** Who may be there when a server is to end. */
export const strangers: Record<string, (port: number) => Promise<Socket>> = {
  'one that says nothing': dialled,
  'one in the middle of a request': (port) => saying(port, 'GET / HTTP/1.1\r\nHost: 127.'),
  'one that keeps its connection': (port) => saying(port, request),
  'one that asks a thousand times, and reads nothing': (port) => saying(port, request.repeat(1_000)),
  'one that was refused, and stays': (port) => saying(port, upgradeRequest(foreign)),
  'one that asks for another protocol': (port) => saying(port, upgradeRequest({ headers: { Upgrade: 'h2c' } })),
  'a client that does not read': upgraded,
  async 'a client that floods, and does not read'(port) {
    const socket = await upgraded(port);
    socket.write(gush(frame(opcodes.ping, 'x')));
    return socket;
  },
  async 'a client in the middle of a message'(port) {
    const socket = await upgraded(port);
    socket.write(frame(opcodes.text, 'x'.repeat(60_000)).subarray(0, 30_000));
    return socket;
  },
};
