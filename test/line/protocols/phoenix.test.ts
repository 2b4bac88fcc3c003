/** What `phoenix()` makes of what it reads. Phoenix's and Supabase's own clients are above it in test/libraries. */
import { describe, expect, test } from 'vitest';

import { phoenix } from '../../../adapters/protocols/phoenix.ts';
import type { Answer, Frame } from '../../../adapters/protocols/protocol.ts';
import { bytes } from '../../helpers/support.ts';

const its = undefined; // the app's
const ours: Answer = { beat: {}, swallow: true };
const reply = (payload: string) => `[null,"systole","phoenix","phx_reply",${payload}]`;

describe('by rows', () => {
  const rows: [frame: Frame, answer: Answer | undefined][] = [
    ['[null,"systole","phoenix","phx_reply",{"status":"ok","response":{}}]', ours],
    ['[ null, "systole", "phoenix", "phx_reply", {"response": {}, "status": "ok"} ]', ours],
    ['{"topic":"phoenix","ref":"systole","payload":{"status":"ok","response":{}},"event":"phx_reply"}', ours],
    ['{ "event" : "phx_reply", "join_ref": null, "ref" : "systole", "topic" : "phoenix", "payload" : {} }', ours],
    [reply('{"status":"error"}'), ours],
    [reply(`"${'x'.repeat(256 - reply('""').length)}"`), ours],
    [reply(`"${'x'.repeat(257 - reply('""').length)}"`), its],
    ['[null,"1","phoenix","phx_reply",{"status":"ok","response":{}}]', its],
    ['[null,1,"phoenix","phx_reply",{"systole":"systole"}]', its],
    ['["systole","1","phoenix","phx_reply",{}]', its],
    ['[null,"systole","room","phx_reply",{}]', its],
    ['[null,"systole","phoenix","phx_error",{}]', its],
    ['[null,["systole"],"phoenix","phx_reply",{}]', its],
    ['[[null,"systole","phoenix","phx_reply",{}]]', its],
    ['{"topic":"phoenix","ref":"1","payload":{"x":"systole"},"event":"phx_reply"}', its],
    ['{"topic":"room","ref":"systole","payload":{},"event":"phx_reply"}', its],
    ['{"topic":"phoenix","ref":"systole","payload":{},"event":"heartbeat"}', its],
    ['{"__proto__":{"topic":"phoenix","ref":"systole","event":"phx_reply"}}', its],
    ['{"payload":{"topic":"phoenix","ref":"systole","event":"phx_reply"}}', its],
    ['[null,"systole","phoenix","phx_reply"', its],
    ['"systole"', its],
    ['', its],
    [bytes('[null,"systole","phoenix","phx_reply",{}]'), its],
  ];
  test.each(rows)('%o', (frame, answer) => {
    const session = phoenix().session({ above: 'library', tell: () => {} });
    expect(session.opened?.()).toEqual({ named: {} });
    expect(session.probe?.()).toEqual({ write: ['[null,"systole","phoenix","heartbeat",{}]'] });
    session.received?.(reply('{}'));
    expect(session.received?.(frame)).toEqual(answer);
  });

  test('connect() is named by the first reply, and once', () => {
    const session = phoenix({ vsn: '1.0.0' }).session();
    expect(session.opened?.()).toEqual({
      write: ['{"topic":"phoenix","event":"heartbeat","payload":{},"ref":"systole"}'],
    });
    expect(session.received?.('[null,"1","phoenix","phx_reply",{}]')).toBeUndefined();
    expect(session.received?.(reply('{}'))).toEqual({ named: {}, beat: {}, swallow: true });
    expect(session.received?.(reply('{}'))).toEqual(ours);
  });

  test.each(['', '2', '3.0.0', null, 2, 'constructor'])('vsn %o is refused', (vsn) => {
    expect(() => phoenix({ vsn: vsn as never })).toThrow(
      new RangeError("phoenix: vsn must be '1.0.0' or '2.0.0', as in the URL"),
    );
  });
});
