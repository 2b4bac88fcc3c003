/**
 * The dialects that `systole watch` knows by name, and what it advises where a server does not name the session.
 */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

import { describe, expect, onTestFinished, test } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';

import { advice, dialects, guess, overheard } from '../../bin/dialects.ts';
import { run } from '../helpers/command.ts';
import { bytes } from '../helpers/support.ts';

const inform = 'INFO {"server_id":"N","version":"2.9.10","max_payload":1048576} \r\n';

describe('how a server begins', () => {
  const rows: [said: string[], name: string | undefined][] = [
    [['{"id":"me","now_time":7}'], 'id-heartbeat'],
    [['{"type":"welcome"}'], 'actioncable'],
    [['{"type":"welcome","sid":"me"}'], 'actioncable'],
    [['{"event":"pusher:connection_established","data":"{\\"socket_id\\":\\"1.2\\"}"}'], 'pusher'],
    [['{"type":"auth_required","ha_version":"2026.11.0"}'], 'home-assistant'],
    [['{"type":"connection_ack"}'], 'graphql-transport-ws'],
    [[inform], 'nats'],
    [['PING'], 'trpc'],
    [['hello', '{"type":"welcome"}'], 'actioncable'],
    [[], undefined],
    [['hello'], undefined],
    [['{"data":{"type":"welcome"}}'], undefined],
    [['[{"type":"welcome"}]'], undefined],
    [['{"__proto__":{"type":"welcome"}}'], undefined],
    [['{"id":"me"}'], undefined],
    [['INFOrmation'], undefined],
  ];
  test.each(rows)('%j: %s', (said, name) => expect(guess(said)).toBe(name));
});

describe('what to try', () => {
  test.each([
    [['{"type":"welcome"}'], 'plain', /begins as actioncable does: try --protocol actioncable$/],
    [[], 'id-heartbeat', /says nothing by itself: try --protocol plain, or native-ping, or silent$/],
    [[], 'plain', /try --protocol native-ping, or silent$/],
    [['hello\u001b[2J\n'], 'id-heartbeat', /begins with hello\\u001b\[2J\\u000a: try --protocol plain/],
    [['x'.repeat(61)], 'id-heartbeat', /begins with x{60}…: try/],
    // It was tried, and is not to be tried again.
    [['{"type":"welcome"}'], 'actioncable', /begins with \{"type":"welcome"\}: try/],
  ])('%j, after %s', (said, tried, what) => expect(advice(said, tried)).toMatch(what));

  test.each([
    ['pusher', ['{"event":"pusher:connection_established"}']],
    ['nats', [inform]],
  ])('%s, once it is known by name, and not before', (name, said) => {
    const says = advice(said, 'id-heartbeat').includes(`--protocol ${name}`);
    expect(says).toBe(Object.hasOwn(dialects, name));
  });
});

test('what is overheard is what was said on the visit, and the dialect hears all of it', () => {
  const { protocol, said } = overheard(dialects['plain']!.make({}));
  const session = protocol.session();
  session.opened?.('');
  for (const frame of ['a', bytes('b'), 'x'.repeat(5_000), 'd', 'e']) session.received?.(frame);
  expect(said.map((each) => each.slice(0, 3))).toEqual(['a', 'b', 'xxx', 'd']);
  expect(said[2]).toHaveLength(4_096);
  expect([session.probe?.(), session.received?.('pong')]).toEqual([{ write: ['ping'] }, { beat: {}, swallow: true }]);
  protocol.session();
  expect(said).toEqual([]);
  expect([protocol.name, protocol.liveness]).toEqual(['plain', 'ask']);
});

/** A server that says this to whom it hears, and whatever it is told afterwards to answer. */
async function serverThat(welcomes: (socket: WebSocket) => void): Promise<string> {
  const server = new WebSocketServer({
    port: 0,
    host: '127.0.0.1',
    handleProtocols: (offered) => [...offered][0] ?? false,
  });
  server.on('connection', welcomes);
  await once(server, 'listening');
  onTestFinished(() => {
    for (const client of server.clients) client.terminate();
    server.close();
  });
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('a server that does not name the session', () => {
  test('is told of once, with the protocol to try', async () => {
    const url = await serverThat((socket) => socket.send('{"type":"welcome"}'));
    const watch = run('watch', url, '--retries', '1');
    expect(await watch.ended).toEqual({ code: 1, signal: null });
    const warnings = watch.lines.filter((line) => line.includes('! warning'));
    expect(warnings).toEqual([expect.stringContaining('begins as actioncable does: try --protocol actioncable')]);
    const tried = run('watch', url, '--protocol', 'actioncable');
    await tried.line(/● alive/);
    tried.process.kill('SIGINT');
    expect(await tried.ended).toEqual({ code: 0, signal: null });
  });

  test('and says nothing', async () => {
    const watch = run('watch', await serverThat(() => {}), '--retries', '0');
    await watch.ended;
    expect(watch.stdout).toContain(
      'the server says nothing by itself: try --protocol plain, or native-ping, or silent',
    );
  });

  test('as JSON', async () => {
    const url = await serverThat((socket) => socket.send('{"type":"auth_required"}'));
    const watch = run('watch', url, '--retries', '0', '--json');
    await watch.ended;
    const printed = watch.lines.slice(0, -1).map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(printed.at(-2)).toMatchObject({ type: 'state', state: 'closed', cause: 'unnamed' });
    expect(printed.at(-1)).toMatchObject({
      type: 'warning',
      code: 'unnamed',
      message: 'the server begins as home-assistant does: try --protocol home-assistant',
    });
  });

  test('is given no advice where it was lost for another cause', async () => {
    const watch = run('watch', await serverThat((socket) => socket.close(4000)), '--retries', '0');
    await watch.ended;
    expect(watch.stdout).toContain('peer-closed');
    expect(watch.stdout).not.toContain('--protocol');
  });
});

test('every dialect has a name, and the help has them all', async () => {
  for (const [name, { make, how }] of Object.entries(dialects)) {
    expect(make({}).name).toBe(name);
    expect(how.length).toBeLessThan(54);
  }
  const help = run('watch', '--help');
  await help.ended;
  for (const [name, { how }] of Object.entries(dialects)) expect(help.stdout).toContain(`${name.padEnd(20)} ${how}`);
  for (const line of help.lines) expect(line.length).toBeLessThan(82);
  const wrong = run('watch', 'ws://127.0.0.1:1', '--protocol', 'carrier-pigeon');
  expect(await wrong.ended).toEqual({ code: 2, signal: null });
  expect(wrong.stderr).toContain(`--protocol must be one of ${Object.keys(dialects).join(', ')}`);
});
