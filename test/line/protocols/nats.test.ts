/** What `nats()` makes of what it reads, and of what the app says. Random lives are in streams.test.ts; nats-core with a real nats-server in test/libraries. */
import { describe, expect, test } from 'vitest';

import { nats } from '../../../adapters/protocols/nats.ts';
import type { Above, Answer, Frame } from '../../../adapters/protocols/protocol.ts';
import { bytes } from '../../helpers/support.ts';

const its = undefined; // the app's
const ours: Answer = { beat: {}, swallow: true };
const asked: Answer = { write: [bytes('PING\r\n')] };
const connect = 'CONNECT {}\r\n';

function beneath(above: Above) {
  const told: unknown[] = [];
  const session = nats().session({ above, tell: (answer) => told.push(answer) });
  return { session, told };
}

/** A session that may ask. */
function introduced(above: Above = 'library') {
  const all = beneath(above);
  all.session.sent?.(connect);
  return all;
}

describe('its name', () => {
  const rows: [info: string, id: string | undefined][] = [
    ['INFO {"server_id":"N","client_id":17,"nonce":"x"}\r\n', '17'],
    ['info\t{"client_id":17} \n', '17'],
    ['INFO {"client_id":"17"}\r\n', undefined],
    ['INFO {"client_id":1e999}\r\n', undefined],
    ['INFO {"__proto__":{"client_id":17}}\r\n', undefined],
    ['INFO {"client_id":\r\n', undefined],
    ['INFO [17]\r\n', undefined],
    ['INFO\r\n', undefined],
    [`INFO {"client_id":17,"x":"${'x'.repeat(65_536)}"}\r\n`, undefined],
  ];
  test.each(rows)('%s', (info, id) => {
    const { session } = beneath('app');
    expect(session.opened?.()).toBeUndefined();
    expect(session.received?.(bytes(info))).toEqual({ named: { id } });
  });

  test('comes with what stands in the same message, and from several', () => {
    const { session } = beneath('app');
    expect(session.received?.(bytes('INFO {"client'))).toEqual({ swallow: true });
    expect(session.received?.(bytes('_id":17}\r\n+OK\r\nMSG a 1 2\r\nx'))).toEqual({
      named: { id: '17' },
      deliver: bytes('INFO {"client_id":17}\r\n+OK\r\nMSG a 1 2\r\nx'),
    });
    expect(session.received?.(bytes('y\r\n'))).toBe(its);
  });

  test('beneath a library it has one at open', () => {
    expect(beneath('library').session.opened?.()).toEqual({ named: {} });
  });
});

describe('when it asks', () => {
  test('not before the app has said CONNECT, all of it', () => {
    const { session } = beneath('library');
    expect(session.probe?.()).toBeUndefined();
    expect(session.sent?.('CONNE')).toBe(false);
    expect(session.probe?.()).toBeUndefined();
    expect(session.sent?.('CT {}\r')).toBe(false);
    expect(session.sent?.('\n')).toBe(false);
    expect(session.probe?.()).toEqual(asked);
  });

  test('not within what the app says, but behind it', () => {
    const { session } = introduced();
    expect(session.sent?.('PUB a 8\r\nPING')).toBe(false);
    expect(session.probe?.()).toBeUndefined();
    expect(session.sent?.('\r\nab')).toBe(false);
    expect(session.sent?.('\r')).toBe(false);
    expect(session.sent?.('\n')).toBe(true);
    expect(session.probe?.()).toEqual(asked);
    expect(session.sent?.('SUB a 1\r\n')).toBe(false);
  });

  const good = [
    'SUB a 1',
    'UNSUB 1',
    'pub a 1 \r\nx',
    'PUB\ta\t10\r\n0123456789',
    'HPUB a 0 1\r\nx',
    'PUB a 0\r\n',
    'PONG',
    '+OK',
  ];
  test.each(good)('still, when the app has said %j', (said) => {
    const { session } = introduced();
    expect(session.sent?.(`${said}\r\n`)).toBe(false);
    expect(session.probe?.()).toEqual(asked);
  });

  // With what would be the end of it, were it taken for one of the protocol.
  const bad: [said: string, more: string][] = [
    ['HELLO\r\n', 'SUB a 1\r\n'],
    ['CONNECTED {}\r\n', 'SUB a 1\r\n'],
    ['PUB\r\n', '\r\n'],
    ['PUB a\r\n', '\r\n'],
    ['PUB a x1\r\n', 'x\r\n'],
    ['PUB a 1x\r\n', 'x\r\n'],
    ['PUB a -1\r\n', 'x\r\n'],
    ['PUB1\r\n', 'x\r\n'],
    [`PUB a ${'0'.repeat(400)}\r\n`, '\r\n'],
    ['\r\n', 'SUB a 1\r\n'],
    [' SUB a 1\r\n', 'SUB a 1\r\n'],
    ['x'.repeat(65_537), '\r\nSUB a 1\r\n'],
  ];
  test.each(bad)('never again, once the app has said %j', (said, more) => {
    const { session } = introduced();
    expect(session.sent?.(said)).toBe(false);
    expect(session.probe?.()).toBeUndefined();
    expect(session.sent?.(more)).toBe(false);
    expect(session.probe?.()).toBeUndefined();
  });

  test.each(['HTTP/1.1 200 OK\r\n', 'MSG a 1 x\r\n', `MSG a 1 ${'0'.repeat(400)}\r\n`, 'y'.repeat(65_537), '\u0000\n'])(
    'never again, once the server has said %j, which passes',
    (said) => {
      const { session } = introduced();
      expect(session.received?.(bytes('INFO {}'))).toEqual({ swallow: true });
      const answer = session.received?.(bytes(`\r\n${said}`));
      expect(answer?.deliver).toEqual(bytes(`INFO {}\r\n${said}`));
      expect(session.received?.(bytes('PONG\r\n'))).toBe(its);
      expect(session.probe?.()).toBeUndefined();
    },
  );
});

describe('whose a PONG is', () => {
  type Step = ['we ask'] | [said: 'it says' | 'server says', words: string, passes?: string | undefined];
  const rows: [name: string, ...steps: Step[]][] = [
    ['ours', ['we ask'], ['server says', 'PONG\r\n', '']],
    ['in small letters, without CR', ['we ask'], ['server says', 'pong \n', '']],
    ['one that nobody asked for', ['server says', 'PONG\r\n'], ['we ask'], ['server says', 'PONG\r\n', '']],
    ['its, then ours', ['it says', 'PING\r\n'], ['we ask'], ['server says', 'PONG\r\nPONG\r\n', 'PONG\r\n']],
    [
      'among others',
      ['we ask'],
      ['it says', 'PUB a 6\r\nPING\r\n\r\nPING\r\n'],
      ['server says', 'MSG a 1 6\r\nPONG\r\n\r\nPO', 'MSG a 1 6\r\nPONG\r\n\r\n'],
      ['server says', 'NG\r\n+OK\r\nPONG', '+OK\r\n'],
      ['server says', '\r', ''],
      ['server says', '\n', 'PONG\r\n'],
    ],
    ['in a header', ['we ask'], ['server says', 'HMSG a 1 6 6\r\nPONG\r\n\r\n'], ['server says', 'PONG\r\n', '']],
    ['of an empty message', ['we ask'], ['server says', 'MSG a 1 0\r\n\r\nPONG\r\n', 'MSG a 1 0\r\n\r\n']],
    ['nearly one', ['we ask'], ['server says', "-ERR 'PONG'\r\n"], ['server says', 'PONG\r\n', '']],
  ];
  test.each(rows)('%s', (_, ...steps) => {
    for (const form of [bytes, String]) {
      const { session } = introduced();
      for (const [who, words = '', passes] of steps) {
        if (who === 'we ask') expect(session.probe?.()).toEqual(asked);
        else if (who === 'it says') expect(session.sent?.(words)).toBe(false);
        else expect(passing(session.received?.(form(words)), form(words))).toEqual(form(passes ?? words));
      }
    }
  });

  function passing(answer: Answer | undefined, came: Frame): Frame {
    const nothing = typeof came === 'string' ? '' : bytes('');
    return answer?.swallow ? nothing : (answer?.deliver ?? came);
  }

  test('it is a beat', () => {
    const { session } = introduced();
    session.probe?.();
    expect(session.received?.(bytes('PONG\r\n'))).toEqual(ours);
    session.probe?.();
    expect(session.received?.('PONG\r\n+OK\r\n')).toEqual({ beat: {}, deliver: '+OK\r\n' });
  });
});

describe('what the server asks', () => {
  const pong = { write: [bytes('PONG\r\n')] };

  test('is answered for an app, behind what that is saying, and once', () => {
    const { session, told } = introduced('app');
    expect(session.received?.('PING\r\n')).toEqual({ swallow: true });
    expect(told).toEqual([pong]);
    session.sent?.('PUB a 2\r\n');
    expect(session.received?.('PING\r\nPING\r\nMSG a 1 0\r\n\r\n')).toEqual({ deliver: 'MSG a 1 0\r\n\r\n' });
    expect(told).toEqual([pong]);
    session.sent?.('xy\r\n');
    expect(told).toEqual([pong, pong]);
    session.sent?.('SUB a 1\r\n');
    expect(told).toHaveLength(2);
  });

  test('not before the app has introduced itself', () => {
    const { session, told } = beneath('app');
    expect(session.received?.('PING\r\n')).toEqual({ swallow: true });
    expect(told).toEqual([]);
    session.sent?.(connect);
    expect(told).toEqual([pong]);
  });

  test('is for a library to answer', () => {
    const { session, told } = introduced();
    expect(session.received?.('PING\r\n')).toBe(its);
    expect(told).toEqual([]);
  });
});
