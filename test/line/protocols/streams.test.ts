/**
 * `mqtt()` and `nats()`: streams, cut into messages anywhere, whose peer answers in order. Random lives beneath a library, against a server by the book.
 */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { mqtt } from '../../../adapters/protocols/mqtt.ts';
import { nats } from '../../../adapters/protocols/nats.ts';
import type { Protocol } from '../../../adapters/protocols/protocol.ts';

type Kind = 'introduction' | 'ping' | 'pong' | 'other';
interface Piece {
  kind: Kind;
  bytes: Uint8Array;
}

interface Language {
  protocol: Protocol;
  ping: Uint8Array;
  pong: Uint8Array;
  /** What the library says first, and what the server says first, or when it has heard that. */
  hello: { library: Uint8Array; server: Uint8Array; serverIsFirst: boolean };
  /** When we may ask: once the library has said its hello, or once the server's has been heard. */
  opens: 'library' | 'server';
  others: { library: fc.Arbitrary<Uint8Array>; server: fc.Arbitrary<Uint8Array> };
}

const text = (words: string) => new Uint8Array(Buffer.from(words));
const joined = (pieces: readonly Uint8Array[]) => new Uint8Array(Buffer.concat(pieces));

/** What looks like control packets, and is content. */
const treacherous = fc.constantFrom(
  '',
  'x',
  'PING\r\n',
  'PONG\r\n',
  '\r\nPONG\r\nMSG a 1 9\r\n',
  '\u00d0\0',
  'P',
  '\r',
  'é',
);
const content = fc.array(treacherous, { maxLength: 40 }).map((words) => Buffer.from(words.join(''), 'latin1'));

const natsMessage = (line: string) =>
  content.map((each) => joined([text(`${line} ${each.length}\r\n`), each, text('\r\n')]));
const mqttPacket = (header: number) =>
  content.map((each) => {
    // A topic of one letter.
    const rest = 3 + each.length;
    const length = rest < 128 ? [rest] : [(rest & 127) | 128, rest >> 7];
    return joined([Uint8Array.of(header, ...length, 0, 1, 0x61), each]);
  });

const languages: Record<string, Language> = {
  nats: {
    protocol: nats(),
    ping: text('PING\r\n'),
    pong: text('PONG\r\n'),
    hello: { library: text('CONNECT {"lang":"x"}\r\n'), server: text('INFO {"client_id":7}\r\n'), serverIsFirst: true },
    opens: 'library',
    others: {
      library: fc.oneof(
        natsMessage('PUB a'),
        natsMessage('hpub a b 0'),
        fc.constantFrom(text('SUB a 1\r\n'), text('UNSUB 1\r\n'), text('PONG\r\n')),
      ),
      server: fc.oneof(
        natsMessage('MSG a 1'),
        natsMessage('HMSG a 1 b 0'),
        fc.constantFrom(text('+OK\r\n'), text("-ERR 'PONG'\r\n"), text('PING\r\n'), text('INFO {}\r\n')),
      ),
    },
  },
  mqtt: {
    protocol: mqtt(),
    ping: Uint8Array.of(0xc0, 0),
    pong: Uint8Array.of(0xd0, 0),
    hello: {
      library: Uint8Array.of(0x10, 14, 0, 4, 0x4d, 0x51, 0x54, 0x54, 4, 2, 0, 60, 0, 2, 0x6d, 0x65),
      server: Uint8Array.of(0x20, 2, 0, 0),
      serverIsFirst: false,
    },
    opens: 'server',
    others: {
      library: fc.oneof(
        mqttPacket(0x30),
        fc.constantFrom(Uint8Array.of(0x40, 2, 0, 1), Uint8Array.of(0x82, 6, 0, 1, 0, 1, 0x61, 0)),
      ),
      server: fc.oneof(
        mqttPacket(0x30),
        fc.constantFrom(Uint8Array.of(0x40, 2, 0xd0, 0), Uint8Array.of(0x90, 3, 0, 1, 0)),
      ),
    },
  },
};

type Step = [what: 'say' | 'probe' | 'serve' | 'hear', size: number];
const step: fc.Arbitrary<Step> = fc.tuple(
  fc.constantFrom('say', 'say', 'probe', 'serve', 'hear', 'hear'),
  fc.oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 400 })),
);

describe.each(Object.entries(languages))('%s', (_, language) => {
  const { protocol, ping, pong, hello, opens, others } = language;
  const saying = fc
    .oneof(others.library, fc.constant(ping))
    .map((bytes): Piece => ({ kind: bytes === ping ? 'ping' : 'other', bytes }));

  test('what passes is what would have passed without us, and we ask between packets only', () => {
    let asked = 0;
    let beats = 0;
    fc.assert(
      fc.property(
        fc.array(saying, { maxLength: 12 }),
        fc.array(others.server, { maxLength: 12 }),
        fc.array(step, { minLength: 60, maxLength: 120 }),
        (sayings, extras, steps) => {
          const life = new Life(sayings, extras);
          for (const each of steps) life.step(...each);
          life.finish();
          asked += life.asked;
          beats += life.beats;
          expect(Buffer.from(joined(life.passed)).toString('latin1')).toBe(
            Buffer.from(joined(life.due)).toString('latin1'),
          );
        },
      ),
      { numRuns: 1_500 },
    );
    // Otherwise nothing was shown.
    expect(asked).toBeGreaterThan(1_000);
    expect(beats).toBeGreaterThan(500);
  });

  class Life {
    readonly #session = protocol.session({ above: 'library', tell: () => expect.unreachable('nothing is to be told') });
    readonly #words: Uint8Array;
    /** Where the library's packets end. */
    readonly #ends: number[] = [];
    readonly #said: Piece[];
    readonly #extras: Uint8Array[];
    #at = 0;
    /** At the server, in order. */
    #inbox: (Kind | 'ours')[] = [];
    /** From the server, not heard yet. */
    #pending = new Uint8Array(0);
    #heard = 0;
    /** We wanted to ask in the middle of a packet. */
    #isWanted = false;
    /** Behind the server's hello, in its stream. */
    #helloEnds = Infinity;
    #spoken = 0;
    readonly passed: Uint8Array[] = [];
    /** What the server has said, but to us. */
    readonly due: Uint8Array[] = [];
    asked = 0;
    beats = 0;

    constructor(sayings: readonly Piece[], extras: readonly Uint8Array[]) {
      this.#said = [{ kind: 'introduction', bytes: hello.library }, ...sayings];
      this.#words = joined(this.#said.map(({ bytes }) => bytes));
      let end = 0;
      for (const { bytes } of this.#said) this.#ends.push((end += bytes.length));
      this.#extras = [...extras];
      expect(this.#session.opened?.(protocol.subprotocols?.[0])).toEqual({ named: {} });
      if (hello.serverIsFirst) this.#speak(hello.server, true);
    }

    step(what: Step[0], size: number): void {
      if (what === 'say') this.#say(size);
      else if (what === 'probe') this.#probe();
      else if (what === 'serve') this.#serve();
      else this.#hear(size);
    }

    finish(): void {
      this.#say(Infinity);
      this.#probe();
      this.#serve();
      this.#hear(Infinity);
    }

    #say(size: number): void {
      const words = this.#words.subarray(this.#at, this.#at + size);
      if (words.length === 0) return;
      const before = this.#at;
      this.#at += words.length;
      for (const [i, end] of this.#ends.entries()) {
        if (end > before && end <= this.#at) this.#inbox.push(this.#said[i]!.kind);
      }
      const isAsked = this.#session.sent?.(words);
      expect(isAsked).toBe(this.#isWanted && this.#ends.includes(this.#at));
      if (isAsked) this.#probe(true);
    }

    get #mayAsk(): boolean {
      return opens === 'library' ? this.#at >= hello.library.length : this.#heard >= this.#helloEnds;
    }

    #probe(isDue = false): void {
      const answer = this.#session.probe?.();
      if (isDue) expect(answer).toBeDefined();
      this.#isWanted = answer === undefined && this.#mayAsk;
      expect(answer !== undefined).toBe(this.#mayAsk && this.#ends.includes(this.#at));
      if (answer === undefined) return;
      expect(answer.write?.map((each) => new Uint8Array(each as ArrayBuffer))).toEqual([ping]);
      this.#inbox.push('ours');
      this.asked += 1;
    }

    #serve(): void {
      for (const each of this.#inbox.splice(0)) {
        const extra = this.#extras.pop();
        if (each === 'introduction' && !hello.serverIsFirst) this.#speak(hello.server, true);
        if (each === 'ping') this.#speak(pong, true);
        if (each === 'ours') this.#speak(pong, false);
        if (extra !== undefined && this.#helloEnds < Infinity) this.#speak(extra, true);
      }
    }

    #speak(bytes: Uint8Array, isTheirs: boolean): void {
      this.#pending = joined([this.#pending, bytes]);
      this.#spoken += bytes.length;
      if (bytes === hello.server) this.#helloEnds = this.#spoken;
      if (isTheirs) this.due.push(bytes);
    }

    #hear(size: number): void {
      const frame = this.#pending.slice(0, size);
      if (frame.length === 0) return;
      this.#pending = this.#pending.slice(frame.length);
      this.#heard += frame.length;
      const answer = this.#session.received?.(frame.buffer);
      expect(answer?.refused).toBeUndefined();
      if (answer?.beat) this.beats += 1;
      if (answer?.swallow) return;
      this.passed.push(new Uint8Array((answer?.deliver as ArrayBuffer | undefined) ?? frame));
    }
  }
});
