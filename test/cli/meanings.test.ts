/**
 * What `systole watch` says of dials that fail, by servers that really fail so: what the error means, and what to do.
 */
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { describe, expect, onTestFinished, test } from 'vitest';
import { WebSocketServer } from 'ws';

import { meaningOf } from '../../bin/meanings.ts';
import { headersIn } from '../../bin/upgrade.ts';
import { type Certificate, certificate, type CertificateOptions } from '../helpers/certificate.ts';
import { type Command, run } from '../helpers/command.ts';
import { closedPort, listen, speakIdHeartbeat } from '../helpers/support.ts';

async function portOf(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

/** Answers upgrades as a web server does. */
async function webServer(status: number, headers: Record<string, string> = {}): Promise<number> {
  const server = createServer().on('upgrade', (_, socket) => {
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.on('error', () => {});
    socket.end(`HTTP/1.1 ${status} Whatever\r\nConnection: close\r\nContent-Length: 0\r\n${lines.join('')}\r\n`);
  });
  return await portOf(server);
}

/** Says something else, whatever it is asked. */
async function otherServer(says: string): Promise<number> {
  return await portOf(
    createTcpServer((socket) => {
      socket.on('error', () => {}).resume();
      if (says === '') socket.destroy();
      else socket.end(says);
    }),
  );
}

/** Names its clients, behind TLS. @param chain what it shows besides its own certificate */
async function secureServer({ cert, key }: Certificate, chain: readonly Certificate[] = []): Promise<number> {
  const server = createSecureServer({ key, cert: [cert, ...chain.map((each) => each.cert)].join('') });
  const sockets = new WebSocketServer({ server });
  sockets.on('connection', (socket) => speakIdHeartbeat(socket, 'me'));
  onTestFinished(() => sockets.clients.forEach((socket) => socket.terminate()));
  return await portOf(server);
}

const authority = certificate('an authority', { isAuthority: true, hosts: [] });
const signed = (options: CertificateOptions = {}) => certificate('a server', { issuer: authority, ...options });

function fileOf(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'systole-ca-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'hunter2.pem');
  writeFileSync(file, text);
  return file;
}

const warningsOf = ({ lines }: Command): string[] =>
  lines.filter((line) => line.includes('! warning')).map((line) => line.split('! warning')[1]!.trim());

/** Why the dial fails, and what is said of it. */
const rows: [why: string, url: () => Promise<string>, says: RegExp, more?: () => string[]][] = [
  [
    'TLS, of who speaks none',
    async () => `wss://127.0.0.1:${await webServer(404)}`,
    /^(EPROTO|ERR_SSL_\w+): .*no TLS.* dial ws:\/\/$/,
  ],
  [
    'HTTP, of who speaks something else',
    async () => `ws://127.0.0.1:${await otherServer('SSH-2.0-OpenSSH_9.2\r\n')}`,
    /^HPE_INVALID_CONSTANT: .*no HTTP server: dial wss:\/\/, or another port$/,
  ],
  [
    'HTTP, of who speaks TLS',
    async () => `ws://127.0.0.1:${await secureServer(signed())}`,
    /^(ECONNRESET|HPE_\w+|HTTP 400): .*dial wss:\/\//,
  ],
  ['nobody listens', async () => `ws://127.0.0.1:${await closedPort()}`, /^ECONNREFUSED: nothing listens there/],
  [
    'no such host',
    async () => 'ws://no-such-host.invalid',
    /^(ENOTFOUND: there is no host|EAI_AGAIN: names cannot|dial-timeout: nothing came back)/,
  ],
  ['hung up at once', async () => `ws://127.0.0.1:${await otherServer('')}`, /^ECONNRESET: it hung up before/],
  [
    'signed by itself',
    async () => `wss://127.0.0.1:${await secureServer(certificate('itself'))}`,
    /^DEPTH_ZERO_SELF_SIGNED_CERT: .*--ca FILE.*--insecure/,
  ],
  [
    'a root that is not known',
    async () => `wss://127.0.0.1:${await secureServer(signed(), [authority])}`,
    /^SELF_SIGNED_CERT_IN_CHAIN: .*--ca FILE/,
  ],
  [
    'a chain that is not whole',
    async () => `wss://127.0.0.1:${await secureServer(signed())}`,
    /^UNABLE_TO_VERIFY_LEAF_SIGNATURE: .*the whole chain, or --ca FILE/,
  ],
  [
    'a certificate that has expired',
    async () => `wss://127.0.0.1:${await secureServer(signed({ endsIn: -1 }))}`,
    /^CERT_HAS_EXPIRED: .*renew it there/,
    () => ['--ca', fileOf(authority.cert)],
  ],
  [
    'a certificate that is not valid yet',
    async () => `wss://127.0.0.1:${await secureServer(signed({ beginsIn: 1, endsIn: 2 }))}`,
    /^CERT_NOT_YET_VALID: .*clock/,
    () => ['--ca', fileOf(authority.cert)],
  ],
  [
    'a certificate of somebody else',
    async () => `wss://127.0.0.1:${await secureServer(signed({ hosts: ['example.com'] }))}`,
    /^ERR_TLS_CERT_ALTNAME_INVALID: .*for another host/,
    () => ['--ca', fileOf(authority.cert)],
  ],
  [
    'a subprotocol that it does not know',
    async () => {
      const { port } = await listen(() => {}, { handleProtocols: () => false });
      return `ws://127.0.0.1:${port}`;
    },
    /^Server sent no subprotocol: .*--subprotocol names/,
    () => ['--subprotocol', 'a'],
  ],
  ...([200, 302, 400, 401, 403, 404, 426, 429, 500, 502, 503, 504] as const).map((status): (typeof rows)[number] => [
    `HTTP ${status}`,
    async () => `ws://127.0.0.1:${await webServer(status)}`,
    new RegExp(`^HTTP ${status}: \\w+`),
  ]),
];

describe('what a failed dial means is told, once in a run', () => {
  test.each(rows)('%s', async (_, urlOf, says, more = () => []) => {
    const watch = run('watch', await urlOf(), '--retries', '1', ...more());
    expect(await watch.ended).toEqual({ code: 1, signal: null });
    expect(warningsOf(watch)).toEqual([expect.stringMatching(says)]);
    // It follows what it explains.
    const at = watch.lines.findIndex((line) => line.includes('! warning'));
    expect(watch.lines[at - 1]).toMatch(/→ (↻ reconnecting|× closed) /);
  });

  test('nobody answers in time', async () => {
    const port = await portOf(createTcpServer((socket) => void socket.on('error', () => {}).resume()));
    const watch = run('watch', `ws://127.0.0.1:${port}`, '--retries', '0');
    expect(await watch.ended).toEqual({ code: 1, signal: null });
    expect(warningsOf(watch)).toEqual([expect.stringMatching(/^dial-timeout: nothing came back in time/)]);
  });

  test('and another one, when it comes', async () => {
    let dials = 0;
    const server = createServer().on('upgrade', (_, socket) => {
      dials += 1;
      socket.end(`HTTP/1.1 ${dials < 3 ? 503 : 502} Whatever\r\nConnection: close\r\n\r\n`);
    });
    const watch = run('watch', `ws://127.0.0.1:${await portOf(server)}`, '--json');
    await watch.line(/HTTP 502: a proxy answers/);
    watch.process.kill('SIGINT');
    await watch.ended;
    const told = watch.lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Record<string, unknown>);
    const warnings = told.filter(({ type }) => type === 'warning');
    expect(warnings).toEqual([
      expect.objectContaining({ code: 'refused', message: expect.stringMatching(/^HTTP 503: /) }),
      expect.objectContaining({ code: 'refused', message: expect.stringMatching(/^HTTP 502: /) }),
    ]);
    const times = told.map(({ at }) => at as number);
    expect(times).toEqual(times.toSorted((x, y) => x - y));
  });
});

describe('every kind has a meaning', () => {
  const codes =
    'EPROTO HPE_INVALID_CONSTANT HPE_INVALID_VERSION DEPTH_ZERO_SELF_SIGNED_CERT CERT_HAS_EXPIRED ECONNREFUSED ENOTFOUND EAI_AGAIN EHOSTUNREACH ENETUNREACH ETIMEDOUT dial-timeout';
  const statuses = [301, 302, 303, 307, 308, 400, 401, 403, 404, 405, 407, 426, 429, 500, 502, 503, 504];
  const kinds = [...codes.split(' '), ...statuses.map((status) => `HTTP ${status}`)];
  test.each(kinds)('%s', (kind) => {
    for (const url of ['ws://h/', 'wss://h/']) expect(meaningOf(kind, { url })).toMatch(/^[\w'].{20,}\S$/);
  });
  test.each(['', 'HTTP 418', 'constructor', 'EPROTOTYPE'])('%j has none', (kind) => {
    expect(meaningOf(kind, { url: 'ws://h/' })).toBeUndefined();
  });
  test('who dials with TLS is not told to', () => {
    for (const kind of ['HPE_INVALID_CONSTANT', 'ECONNRESET', 'HTTP 400']) {
      expect(meaningOf(kind, { url: 'ws://h/' })).toContain('wss://');
      expect(meaningOf(kind, { url: 'wss://h/' })).not.toContain('wss://');
    }
  });
});

describe('where a redirect points to, without what may be secret', () => {
  const url = 'ws://ann:hunter2@h.example/hunter2/push?token=sesame';
  test.each([
    ['/login', 'ws://h.example/login,'],
    ['https://ann:hunter2@h.example/hunter2/push?token=sesame', 'wss://h.example/… (the same path),'],
    ['/hunter2/push/', 'ws://h.example/…/ (the same path, with a slash at its end),'],
    ['https://other.example:8443/push/sesame/auth/T0K3N', 'wss://other.example:8443/…/…/auth/…,'],
    ['https://other.example/auth?next=hunter2#sesame', 'wss://other.example/auth,'],
    ['//other.example', 'ws://other.example/,'],
    ['mailto:hunter2@example.com', 'elsewhere'],
    ['http://[', 'elsewhere'],
    [undefined, 'elsewhere'],
  ])('%s', (pointsTo, says) => {
    const meaning = meaningOf('HTTP 302', { url, pointsTo });
    expect(meaning).toMatch(/^it points /);
    expect(meaning).toContain(says);
    expect(meaning).not.toMatch(/hunter2|sesame|T0K3N/);
  });

  test('as the server says it', async () => {
    const port = await webServer(302, { location: 'https://login.example/signin?token=hunter2' });
    const watch = run('watch', `ws://127.0.0.1:${port}/hunter2`, '--retries', '0');
    await watch.ended;
    expect(warningsOf(watch)).toEqual([
      expect.stringMatching(/^HTTP 302: it points to wss:\/\/login\.example\/signin,/),
    ]);
    expect(watch.stdout).not.toContain('hunter2');
  });
});

describe('whom to trust', () => {
  test.each([
    ['the certificate itself', certificate('itself'), (own: Certificate) => own.cert],
    ['who has signed it', signed(), () => `a note\n${certificate('other').cert}${authority.cert}`],
  ])('--ca with %s', async (_, own, trusted) => {
    const watch = run('watch', `wss://127.0.0.1:${await secureServer(own)}`, '--ca', fileOf(trusted(own)));
    await watch.line(/● alive/);
    watch.process.kill('SIGINT');
    expect(await watch.ended).toEqual({ code: 0, signal: null });
    expect(warningsOf(watch)).toEqual([]);
  });

  test.each([[[]], [['--json']]])('--insecure trusts anybody, and says so first %j', async (more) => {
    const own = certificate('itself', { hosts: ['example.com'], endsIn: -1 });
    const watch = run('watch', `wss://127.0.0.1:${await secureServer(own)}`, '--insecure', ...more);
    await watch.line(/\balive\b/);
    watch.process.kill('SIGINT');
    expect(await watch.ended).toEqual({ code: 0, signal: null });
    const [loud, connecting] = ['INSECURE', 'connecting'].map((word) =>
      watch.lines.findIndex((line) => line.includes(word)),
    );
    expect(loud).toBeGreaterThanOrEqual(0);
    expect(loud).toBeLessThan(connecting!);
  });

  const pem = '-----BEGIN CERTIFICATE-----\nhunter2\n-----END CERTIFICATE-----\n';
  test.each([
    [() => fileOf(''), 1, 'there is no certificate in the file; it must be PEM'],
    [() => fileOf(certificate('itself').key), 1, 'there is no certificate in the file'],
    [() => fileOf(authority.cert + pem), 1, 'certificate 2 of 2 in the file is none'],
    [() => '/hunter2/nowhere', 1, 'the file cannot be read (ENOENT)'],
    [() => tmpdir(), 1, 'the file cannot be read (EISDIR)'],
  ])('--ca with a file that will not do: %#', async (file, code, says) => {
    const watch = run('watch', 'wss://127.0.0.1:1/?hunter2', '--ca', file());
    expect(await watch.ended).toEqual({ code, signal: null });
    expect(watch.stderr).toContain(`systole watch: --ca: ${says}`);
    expect(watch.stdout + watch.stderr).not.toContain('hunter2');
  });

  test.each([
    [['ws://127.0.0.1:1/?hunter2', '--ca', 'hunter2'], '--ca goes with wss:// only'],
    [['http://127.0.0.1:1/?hunter2', '--insecure'], '--insecure goes with wss:// only'],
    [['wss://127.0.0.1:1/?hunter2', '--insecure', '--ca', 'hunter2'], 'do not go together'],
  ])('where it would be passed over in silence: %j', async (args, says) => {
    const watch = run('watch', ...args);
    expect(await watch.ended).toEqual({ code: 2, signal: null });
    expect(watch.stderr).toContain(says);
    expect(watch.stderr).not.toContain('hunter2');
  });
});

describe('headers', () => {
  test('that come twice are one list, and cookies their own', async () => {
    let hear: (headers: IncomingHttpHeaders) => void;
    const seen = new Promise<IncomingHttpHeaders>((resolve) => {
      hear = resolve;
    });
    const { url } = await listen((_, __, { headers }) => hear(headers));
    const given = ['X-A: 1', 'Cookie: a=b', 'x-a: 2', 'cookie: c=d', 'Origin: https://h'];
    run('watch', url, '--protocol', 'silent', ...given.flatMap((header) => ['--header', header]));
    expect(await seen).toMatchObject({ 'x-a': '1, 2', cookie: 'a=b; c=d', origin: 'https://h' });
  });

  test.each([
    ['Upgrade: hunter2', 'number 1 of 1 is set by the upgrade itself'],
    ['sec-websocket-key: hunter2', 'is set by the upgrade itself'],
    ['Sec-WebSocket-Protocol: hunter2', '--subprotocol'],
    ['hunter2', "must be 'Name: value'"],
  ])('that cannot be: %s', (header, says) => {
    let message = '';
    try {
      headersIn([header]);
    } catch (error) {
      message = (error as Error).message;
    }
    expect(message).toContain(says);
    expect(message).not.toContain('hunter2');
  });
});
