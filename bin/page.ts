/**
 * The visualizer's page over HTTP, on loopback, for browsers of this machine only: files that are read once, at the start, and what the page has to
 * know.
 */
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, sep } from 'node:path';
import type { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';

import { deny, Guests, impatience } from '../adapters/guests.ts';
import { refusal } from '../adapters/loopback.ts';

/** What `/config.json` tells the page. */
export interface PageConfig {
  /** Addresses of WebSockets that tell of machines. */
  sources: readonly string[];
  /** Address of the WebSocket that takes orders; null: there is nothing to order. */
  control: string | null;
}

export interface PageOptions {
  /** On 127.0.0.1. 0: any free one. */
  port: number;
  files: Files;
  /** Whether it may be shown in a frame: by apps, which show their own machines in it. */
  frameable: boolean;
  /** @param host by which the page was asked for, with its port */
  configFor: (host: string) => PageConfig;
  /** Who takes over upgrades, by path. */
  upgrades?: Record<string, Upgrade>;
}

export type Upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

/** By the path of their address. */
export type Files = ReadonlyMap<string, File>;

interface File {
  type: string;
  body: Buffer;
  caching: 'no-store' | 'no-cache';
}

/** How long pages may take to hear the last of it, ms. */
const patience = 500;

const built = fileURLToPath(new URL('../visualizer/page/', import.meta.url));

/** Undefined: there is no page. */
export function readFiles(folder = built): Files | undefined {
  const files = new Map<string, File>();
  for (const name of namesIn(folder)) {
    const type = types[extname(name)];
    if (type === undefined) continue;
    const caching = extname(name) === '.html' ? 'no-store' : 'no-cache';
    files.set(`/${name.replaceAll(sep, '/')}`, { type, body: readFileSync(join(folder, name)), caching });
  }
  const index = files.get('/index.html');
  return index && files.set('/', index);
}

export class PageServer {
  readonly #options: PageOptions;
  readonly #http: Server;
  readonly #guests: Guests;

  private constructor(options: PageOptions) {
    this.#options = options;
    this.#http = createServer(impatience, (request, response) => this.#answer(request, response));
    this.#guests = new Guests(this.#http);
    this.#http.on('upgrade', (request, socket: Duplex, head) => this.#upgrade(request, socket, head));
  }

  /** @throws where the port cannot be had */
  static async open(options: PageOptions): Promise<PageServer> {
    const server = new PageServer(options);
    server.#http.listen(options.port, '127.0.0.1');
    await once(server.#http, 'listening');
    return server;
  }

  get address(): string {
    return `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}/`;
  }

  async close(): Promise<void> {
    if (!this.#http.listening) return;
    const closed = once(this.#http, 'close');
    this.#http.close();
    this.#http.closeAllConnections();
    const cut = setTimeout(() => this.#guests.dismiss(), patience);
    await closed;
    clearTimeout(cut);
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { method, headers } = request;
    const why = refusal(headers);
    if (why !== undefined) return say(response, 403, why);
    if (method !== 'GET' && method !== 'HEAD') return say(response.setHeader('allow', 'GET, HEAD'), 405, 'GET or HEAD');
    const file = this.#fileFor(request);
    if (file === undefined) return say(response, 404, 'there is no such file');
    const { type, body, caching } = file;
    response.writeHead(200, {
      ...safety(this.#options.frameable),
      'content-type': type,
      'content-length': body.length,
      'cache-control': caching,
    });
    response.end(method === 'HEAD' ? undefined : body);
  }

  #fileFor(request: IncomingMessage): File | undefined {
    const { files, configFor } = this.#options;
    const path = pathOf(request);
    if (path !== '/config.json') return files.get(path);
    const config = configFor(request.headers.host ?? '');
    return { type: 'application/json', body: Buffer.from(JSON.stringify(config)), caching: 'no-store' };
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { upgrades = {} } = this.#options;
    const path = pathOf(request);
    socket.on('error', () => {});
    if (refusal(request.headers) !== undefined) return deny(socket, '403 Forbidden');
    const upgrade = Object.hasOwn(upgrades, path) ? upgrades[path] : undefined;
    if (upgrade === undefined) return deny(socket, '404 Not Found');
    upgrade(request, socket, head);
  }
}

const types: Record<string, string | undefined> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.wasm': 'application/wasm',
  '.txt': 'text/plain; charset=utf-8',
};

/** The page talks to servers of this machine, and to nobody else, whatever it is made to show. */
const safety = (frameable: boolean) => ({
  'content-security-policy': [
    "default-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "connect-src 'self' ws://127.0.0.1:* ws://localhost:*",
    `frame-ancestors ${frameable ? 'http://127.0.0.1:* http://localhost:* https://*' : "'none'"}`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; '),
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
});

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, encoding: 'utf8' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

function pathOf({ url = '' }: IncomingMessage): string {
  return url.split('?', 1)[0] ?? '';
}

function say(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { ...safety(false), 'content-type': 'text/plain; charset=utf-8' }).end(`${text}\n`);
}
