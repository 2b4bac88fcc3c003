/**
 * The log that `--log` names. What is printed of its URL is its host and port: the rest may be secret.
 */
import { once } from 'node:events';
import { createConnection } from 'node:net';

import type { Log } from '../push/log.ts';
import { memoryLog } from '../push/memory.ts';
import { Failure, UsageError } from './arguments.ts';
import { printable } from './terminal.ts';

export interface OpenedLog {
  readonly log: Log;
  /** For people: `memory`, or `Redis at 127.0.0.1:6379`. */
  readonly name: string;
  /** The log, and the connection to its engine. */
  close(): Promise<void>;
}

/** Where a log is, once it is understood. */
export interface LogAddress {
  readonly name: string;
  /** @throws {Failure} within 5 s where the engine cannot be had, or where the package is not installed that speaks to it */
  open(): Promise<OpenedLog>;
}

/** How long an engine may take until we are connected, ms. */
const patience = 8_000;

const forms = 'memory, redis://HOST:PORT or nats://HOST:PORT';

/** @throws {UsageError} which repeats nothing of it */
export function logAddress(given: string): LogAddress {
  if (given === 'memory') return { name: 'memory', open: async () => opened('memory', memoryLog()) };
  const url = URL.canParse(given) ? new URL(given) : undefined;
  const engine = url && Object.hasOwn(engines, url.protocol) ? engines[url.protocol] : undefined;
  if (url === undefined || engine === undefined || url.hostname === '') throw new UsageError(`--log must be ${forms}`);
  // A password with a slash in it would be taken for a host, and be printed.
  if (/@/.test(url.pathname + url.search + url.hash) || !isEncoded(url.username + url.password)) {
    throw new UsageError('--log: what is special in a user or a password has to be percent-encoded');
  }
  if (!engine.path.test(url.pathname + url.search + url.hash)) throw new UsageError(`--log must be ${forms}`);
  const name = `${engine.name} at ${printable(`${url.hostname}:${url.port || engine.port}`)}`;
  return { name, open: () => opening(name, engine, url) };
}

function isEncoded(text: string): boolean {
  return !/%(?![\da-f]{2})/i.test(text);
}

interface Engine {
  readonly name: string;
  /** The usual one. */
  readonly port: number;
  /** What may follow the port. */
  readonly path: RegExp;
  /** What speaks to it. */
  readonly packages: readonly string[];
  /** @param late says that nobody waits any more */
  connect(url: URL, late: AbortSignal): Promise<{ log: Log; leave(): Promise<unknown> }>;
}

const redis: Engine = {
  name: 'Redis',
  port: 6379,
  // The number of a database.
  path: /^\/?\d*$/,
  packages: ['redis'],
  async connect({ href }, late) {
    const { createClient } = await import('redis');
    const { redisLog } = await import('../push/redis.ts');
    let wasConnected = false;
    const client = createClient({
      url: href,
      pingInterval: 10_000,
      socket: {
        connectTimeout: patience,
        socketTimeout: 30_000,
        // Who is not there at the first dial is not there; later it may come back.
        reconnectStrategy: (retries) => wasConnected && Math.min(50 * 2 ** retries, 2_000),
      },
    });
    // Whoever asks the log is told.
    client.on('error', () => {});
    // Who accepts and says nothing would be waited for.
    late.addEventListener('abort', () => client.destroy());
    try {
      await client.connect();
    } catch (error) {
      client.destroy();
      throw error;
    }
    wasConnected = true;
    return { log: redisLog({ client }), leave: async () => client.destroy() };
  },
};

const nats: Engine = {
  name: 'NATS',
  port: 4222,
  path: /^\/?$/,
  packages: ['@nats-io/transport-node'],
  async connect({ hostname, port, host, username, password }, late) {
    const { connect } = await import('@nats-io/transport-node');
    const { natsLog } = await import('../push/nats.ts');
    await speaking(hostname, Number(port || this.port), late);
    const [user, pass] = [username, password].map(decodeURIComponent) as [string, string];
    const connection = await connect({
      servers: host,
      ...(password === '' ? user !== '' && { token: user } : { user, pass }),
      timeout: patience,
      maxReconnectAttempts: -1,
    });
    return { log: natsLog({ connection }), leave: () => connection.close() };
  },
};

/** A server of NATS speaks first. For one that does not, its client would wait for ever, and hold the process. */
async function speaking(host: string, port: number, late: AbortSignal): Promise<void> {
  const socket = createConnection({ host: host.replace(/^\[|\]$/g, ''), port });
  try {
    await once(socket, 'data', { signal: late });
  } finally {
    socket.on('error', () => {}).destroy();
  }
}

/** By the beginning of their URLs. */
const engines: Record<string, Engine> = { 'redis:': redis, 'rediss:': redis, 'nats:': nats };

async function opening(name: string, engine: Engine, url: URL): Promise<OpenedLog> {
  // To read the packages is not the engine's delay. One that is missing is told below.
  await Promise.all(engine.packages.map((each) => import(each).catch(() => {})));
  const abort = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Failure(`--log: ${name} cannot be reached: no answer within ${patience / 1_000} s`));
      abort.abort();
    }, patience);
  });
  const connecting = engine.connect(url, abort.signal);
  // What comes too late is left.
  connecting.then(
    (its) => (abort.signal.aborted ? its.leave() : undefined),
    () => {},
  );
  try {
    const its = await Promise.race([connecting, late]);
    return opened(name, its.log, () => its.leave());
  } catch (error) {
    throw error instanceof Failure ? error : failureToConnect(name, engine, error);
  } finally {
    clearTimeout(timer);
  }
}

/** Without the message, which may repeat the URL. */
function failureToConnect(name: string, { packages }: Engine, error: unknown): Failure {
  const { code, name: kind, message, cause } = error as NodeJS.ErrnoException;
  if (code === 'ERR_MODULE_NOT_FOUND' && packages.some((its) => message.includes(`'${its}'`))) {
    return new Failure(`--log: ${name} takes a package that is not installed: npm install ${packages.join(' ')}`);
  }
  // The first word of Redis, such as WRONGPASS; what NATS calls it.
  const refusal = /^[A-Z]{4,}\b/.exec(message)?.[0] ?? (kind === 'AuthorizationError' ? kind : undefined);
  if (refusal !== undefined) return new Failure(`--log: ${name} has refused: ${refusal}`);
  const why = [code, (cause as NodeJS.ErrnoException | undefined)?.code].find((each) =>
    /^E[A-Z_]+$/.test(String(each)),
  );
  return new Failure(`--log: ${name} cannot be reached${why === undefined ? '' : ` (${why})`}`);
}

function opened(name: string, log: Log, leave: () => Promise<unknown> = async () => {}): OpenedLog {
  return {
    log,
    name,
    async close() {
      await log.close();
      await leave();
    },
  };
}
