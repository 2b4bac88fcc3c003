/** `systole check` as users run it: what it says, what it leaves, and what it never says. The servers with faults are in planted.test.ts. */
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';

import { expect, onTestFinished, test } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';

import { actionCable } from '../../adapters/protocols/actioncable.ts';
import { serveHeartbeats } from '../../adapters/server.ts';
import { examine, type Report } from '../../bin/check/examine.ts';
import { asJUnit, asText } from '../../bin/check/report.ts';
import { rules } from '../../bin/check/rules.ts';
import { noPaint } from '../../bin/terminal.ts';
import { certificate } from '../helpers/certificate.ts';
import { run } from '../helpers/command.ts';
import { closedPort, listen } from '../helpers/support.ts';

/** For servers that are not looked at for their patience. */
const brief = ['--idle', '500'];
/** Ms: short, and more than a busy machine stands still. */
const silence = 10_000;

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'systole-check-'));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

test('the rules are those of the document', () => {
  const document = readFileSync('docs/PROTOCOL.md', 'utf8');
  const named = [...document.matchAll(/^\| \*\*([A-Z]\d)\*\* +\|/gm)].map(([, name]) => name);
  expect(Object.keys(rules).filter((name) => name !== 'M1')).toEqual(named);
  for (const { title } of Object.values(rules)) expect(title.length).toBeLessThanOrEqual(42);
});

test('serveHeartbeats() keeps them all, and nobody is left there', async () => {
  const { server, url } = await listen();
  serveHeartbeats(server, { silence });
  const check = run('check', url, '--silence', `${silence}`);
  expect(await check.ended).toEqual({ code: 0, signal: null });
  expect(check.lines.filter((line) => line.startsWith('  ✓'))).toHaveLength(Object.keys(rules).length);
  expect(check.lines.at(-2)).toMatch(/^20 held, 0 broken, in /);
  // Before anything else: what it is going to do.
  expect(check.lines[1]).toContain('Dials it up to');
  while (server.clients.size > 0) await turn();
});

test('an ordinary server that answers pings is told which dialect it speaks, and keeps what that asks', async () => {
  const { url } = await listen();
  const first = run('check', url, '--idle', '500');
  expect(await first.ended).toEqual({ code: 1, signal: null });
  expect(first.stdout).toContain('✗ W1  welcomes each client:\n    nothing came\n');
  expect(first.stdout).toContain('looked at, the server answers pings of WebSocket itself: try --protocol native-ping');
  const second = run('check', url, '--idle', '500', '--protocol', 'native-ping');
  expect(await second.ended).toEqual({ code: 0, signal: null });
  expect(second.stdout).toContain('✓ M1');
});

test('a server that beats by itself is not asked, and keeps what is left', async () => {
  const { url } = await listen(
    (socket) => {
      socket.send('{"type":"welcome"}');
      const beating = setInterval(() => socket.send(`{"type":"ping","message":${Date.now()}}`), 500);
      socket.on('close', () => clearInterval(beating));
    },
    { handleProtocols: () => 'actioncable-v1-json' },
  );
  const report = await examine(url, { idle: 500, protocol: actionCable() });
  const open = report.rows.filter(({ verdict }) => verdict === 'open').map(({ rule }) => rule);
  expect({ broken: report.broken, open }).toEqual({ broken: [], open: ['L4'] });
  expect(report.rows.map(({ rule }) => rule).join(' ')).toBe('L1 L2 L3 L4 L5 W1 H1 G1 G2');
});

test('a server that ends in the middle is said to be gone, and to break nothing else', async () => {
  const { server, url, accepted } = await listen();
  serveHeartbeats(server);
  server.on('connection', () => {
    if (accepted.length < 40) return;
    server.close();
    for (const client of server.clients) client.terminate();
  });
  const { rows, broken } = await examine(url, { idle: 500 });
  expect(broken).toEqual(['L1']);
  expect(rows[0]).toMatchObject({ rule: 'L1', detail: 'it was there, and is gone: could not connect: ECONNREFUSED' });
  expect(rows.find(({ rule }) => rule === 'H1')?.verdict).toBe('held');
  expect(rows.find(({ rule }) => rule === 'L4')?.verdict).toBe('open');
});

test('another host is left alone without --yes', async () => {
  const check = run('check', 'ws://systole.invalid/path?token=s3cret');
  expect(await check.ended).toEqual({ code: 2, signal: null });
  expect(check.stdout).toContain('Dials it up to');
  expect(check.stderr).toContain('nothing was sent to it');
  const allowed = run('check', 'ws://systole.invalid/path?token=s3cret', '--yes');
  expect(await allowed.ended).toEqual({ code: 1, signal: null });
  expect(allowed.stdout).toMatch(/✗ (ENOTFOUND|EAI_AGAIN): /);
  expect(check.stdout + check.stderr + allowed.stdout + allowed.stderr).not.toMatch(/s3cret|path/);
});

test.each([
  [['--idle', '4000', '--silence', '4000'], '--idle must be less than --silence'],
  [['--message', 'a', '--no-messages'], '--message and --no-messages do not go together'],
  [['--reply', 'a'], '--reply goes with --protocol plain only'],
  [['--header', 'nonsense'], "--header must be 'Name: value'"],
  [['--insecure'], '--insecure goes with wss:// only'],
])('%j is refused before anything is dialled', async (args, message) => {
  const { url, accepted } = await listen();
  const check = run('check', url, ...args);
  expect(await check.ended).toEqual({ code: 2, signal: null });
  expect(check.stderr).toContain(message);
  expect(accepted).toEqual([]);
});

test('a server that cannot be reached: why, and what to do', async () => {
  const file = join(folder(), 'check.xml');
  const check = run('check', `ws://127.0.0.1:${await closedPort()}`, '--junit', file);
  expect(await check.ended).toEqual({ code: 1, signal: null });
  expect(check.stdout).toContain('✗ ECONNREFUSED: nothing listens there');
  expect(readFileSync(file, 'utf8')).toContain('<failure message="ECONNREFUSED');
});

test('behind TLS, through the proxy as well: the name in the URL is the one that is asked for', async () => {
  const own = certificate('own', { hosts: ['localhost'], isAuthority: true });
  const https = createServer({ cert: own.cert, key: own.key });
  const hosts = new Set<string | undefined>();
  const server = new WebSocketServer({ server: https });
  server.on('connection', (_, { headers }) => hosts.add(headers.host));
  serveHeartbeats(server);
  https.listen(0, '127.0.0.1');
  await once(https, 'listening');
  onTestFinished(() => {
    for (const client of server.clients) client.terminate();
    https.close();
  });
  const { port } = https.address() as AddressInfo;
  const file = join(folder(), 'own.pem');
  writeFileSync(file, own.cert);
  const check = run('check', `wss://localhost:${port}`, '--ca', file, ...brief);
  expect(await check.ended).toEqual({ code: 0, signal: null });
  expect(hosts).toEqual(new Set([`localhost:${port}`]));
});

test('as JSON: a row each, and the sum; with the header, which nobody is shown', async () => {
  const tokens = new Set<unknown>();
  const { server, url } = await listen((_, __, { headers }) => tokens.add(headers['x-token']));
  serveHeartbeats(server);
  const check = run('check', `${url}?key=s3cret`, '--json', '--header', 'X-Token: t0ken', ...brief);
  expect(await check.ended).toEqual({ code: 0, signal: null });
  const lines = check.lines.filter(Boolean).map((line) => JSON.parse(line) as { type: string });
  expect(lines.map(({ type }) => type)).toEqual([...Object.keys(rules).map(() => 'row'), 'sum']);
  expect(lines.at(-1)).toMatchObject({ ok: true, broken: [] });
  expect(tokens).toEqual(new Set(['t0ken']));
  expect(check.stdout + check.stderr).not.toMatch(/s3cret|t0ken/);
});

test('ctrl-C ends it at once, and nobody is left there', async () => {
  const { server, url } = await listen();
  serveHeartbeats(server);
  const check = run('check', url);
  await once(server, 'connection');
  check.process.kill('SIGINT');
  expect(await check.ended).toEqual({ code: 1, signal: null });
  expect(check.stderr).toContain('interrupted');
  while (server.clients.size > 0) await turn();
});

test('what a server says is shown as text, whatever it is; of an id the end', async () => {
  const nasty = '<![CDATA[ ]]> & "x" \u001b[2J \u202e \ud800 \ufffe';
  const name = 'a-name-that-nobody-is-to-know';
  const { url } = await listen((socket: WebSocket) => {
    socket.send(JSON.stringify({ id: name, now_time: Date.now() }));
    socket.send(nasty);
    socket.on('message', () => socket.send(nasty));
  });
  const report: Report = await examine(url, { idle: 300 });
  expect(report.broken).toContain('H1');
  const text = asText(report, noPaint).join('\n');
  const xml = asJUnit(report, 'here');
  expect(text).toContain('…know');
  expect(text).toContain('\\u001b[2J \\u202e');
  for (const all of [text, xml, JSON.stringify(report.rows)]) expect(all).not.toContain(name);
  // Nothing that XML 1.0 cannot hold, and no tag but ours.
  expect(xml.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cs}\ufffe\uffff]/u);
  expect(new Set(xml.match(/<\/?[^\s>/]*/g))).toEqual(
    new Set(['<?xml', '<testsuite', '<testcase', '</testcase', '<failure', '</failure', '<skipped', '</testsuite']),
  );
  expect(xml.replaceAll(/&(amp|lt|gt|quot);/g, '')).not.toContain('&');
});
