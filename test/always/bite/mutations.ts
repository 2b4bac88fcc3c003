/** For each invariant, how to break the library so that it has to fail, for each of its judges. */
export interface Mutation {
  readonly invariant: string;
  /** `everywhere`: by walking the machine; `lives`: by random lives; `push`: by those of listeners, on two hubs. */
  readonly judges: readonly ('everywhere' | 'lives' | 'push')[];
  readonly what: string;
  readonly file: string;
  /** What stands there, once, and what stands there instead. */
  readonly edits: readonly (readonly [find: string, replace: string])[];
}

const machine = 'machines/connection.ts';

export const mutations: readonly Mutation[] = [
  {
    invariant: 'one live socket',
    judges: ['everywhere'],
    what: 'a socket is made while waiting, too',
    file: machine,
    edits: [
      [
        "reconnecting: {\n      tags: 'reconnecting',",
        "reconnecting: {\n      tags: 'reconnecting',\n      invoke: { id: 'socket', src: 'socket', input: ({ context }) => context.line },",
      ],
    ],
  },
  {
    invariant: 'one live socket',
    judges: ['lives'],
    what: 'leaving a socket does not hang up',
    file: 'adapters/socket.ts',
    edits: [['if (!this.#beyond?.terminate()) this.#socket.close();', '']],
  },
  {
    invariant: 'a replaced socket is inert',
    judges: ['lives'],
    what: 'leaving a socket only holds the gate',
    file: 'adapters/visit.ts',
    edits: [
      [
        'this.#turnOff();\n    this.#armed = false;\n    this.#stopWatching();\n    this.#line.hold();',
        'this.#line.hold();\n    if (this) return;',
      ],
    ],
  },
  {
    invariant: 'silence leads to a dial',
    judges: ['everywhere', 'lives'],
    what: 'a doubt lasts for ever',
    file: machine,
    edits: [["asking: { after: { staleTimeout: 'draining' } }", 'asking: {}']],
  },
  {
    invariant: 'silence leads to a dial',
    judges: ['lives'],
    what: 'a line found dead is dialled as politely as a server that refuses',
    file: 'machines/backoff.ts',
    edits: [['if (ours.has(loss.cause) && unanswered < 2) return 0;', '']],
  },
  {
    invariant: 'every wait has an end',
    judges: ['everywhere', 'lives'],
    what: 'a server may take for ever to name the session',
    file: machine,
    edits: [["listening: { after: { idTimeout: 'draining' } }", 'listening: {}']],
  },
  {
    invariant: 'every wait has an end',
    judges: ['lives'],
    what: 'a dial may take an hour',
    file: 'machines/next-dial.ts',
    edits: [
      ['return Math.min(first * 1.5 **', 'return Math.min(3_600_000 + first * 1.5 **'],
      ['Math.max(most, longestConnectTimeout)', '3_600_000'],
    ],
  },
  {
    invariant: 'every wait has an end',
    judges: ['lives'],
    what: 'a page that is seen again does not dial',
    file: machine,
    edits: [
      ["'world.woke': { guard: 'canDialSooner', target: 'reconnecting', reenter: true, actions: 'dialSooner' },", ''],
    ],
  },
  {
    invariant: 'an attempt ends once',
    judges: ['everywhere', 'lives'],
    what: 'a loss is not told',
    file: machine,
    edits: [["actions: ['scheduleDial', 'reportLoss']", "actions: ['scheduleDial']"]],
  },
  {
    invariant: 'closed is the end',
    judges: ['everywhere', 'lives'],
    what: 'a goodbye waits for its answer for ever',
    file: machine,
    edits: [["after: { closeTimeout: '#connection.closed' },", '']],
  },
  {
    invariant: 'closed is the end',
    judges: ['lives'],
    what: 'the end is told twice',
    file: 'adapters/connect.ts',
    edits: [
      [
        "this.#events.emit('closed', { ...output, undelivered",
        "this.#events.emit('closed', { ...output, undelivered, unconfirmed: nothing });\n    this.#events.emit('closed', { ...output, undelivered",
      ],
    ],
  },
  {
    invariant: 'closed is the end',
    judges: ['lives'],
    what: 'nobody stops watching the platform',
    file: 'adapters/line.ts',
    edits: [['this.#options.lifecycle?.unwatch(this);', '']],
  },
  {
    invariant: 'attempts are forgotten only by stability',
    judges: ['everywhere', 'lives'],
    what: 'they are forgotten as soon as the line is open',
    file: machine,
    edits: [["entry: 'absolve'", "entry: ['absolve', 'forgetAttempts']"]],
  },
  {
    invariant: 'every delay is sound',
    judges: ['everywhere'],
    what: 'the server dictates any interval',
    file: machine,
    edits: [['clamp(interval, dictatedInterval.min, dictatedInterval.max)', 'interval']],
  },
  {
    invariant: 'every delay is sound',
    judges: ['lives'],
    what: 'a wait has no floor',
    file: 'machines/backoff.ts',
    edits: [['return ceiling / 2 + (random * ceiling) / 2;', 'return random * ceiling;']],
  },
  {
    invariant: 'the buffer conserves',
    judges: ['lives'],
    what: 'what is sent overtakes what waits',
    file: 'adapters/line.ts',
    edits: [
      [
        'if (this.#outbox.messages === 0 && this.#goesAtOnce(data, bytes)) return true;',
        'if (this.#goesAtOnce(data, bytes)) return true;',
      ],
    ],
  },
  {
    invariant: 'the buffer conserves',
    judges: ['lives'],
    what: 'what is too old goes without a word',
    file: 'adapters/buffer.ts',
    edits: [["this.#untold.push({ data: this.#shift(), reason: 'expired' });", 'this.#shift();']],
  },
  {
    invariant: 'no message before the name',
    judges: ['everywhere', 'lives'],
    what: 'the gate opens with the socket',
    file: machine,
    edits: [
      [
        "entry: { type: 'setLimit', params: 'idTimeout' },",
        "entry: [{ type: 'setLimit', params: 'idTimeout' }, sendTo('socket', { type: 'release' })],",
      ],
    ],
  },
  {
    invariant: 'readyState moves legally',
    judges: ['lives'],
    what: 'the end leaves it as it was',
    file: 'adapters/drop-in.ts',
    edits: [
      [
        'this.#readyState = this.#isWanted ? CONNECTING : CLOSED;',
        'this.#readyState = this.#isWanted ? CONNECTING : this.#readyState;',
      ],
    ],
  },
  {
    invariant: 'any frame is harmless',
    judges: ['everywhere'],
    what: 'an outdated beat costs the line at once',
    file: machine,
    edits: [
      [
        "{ guard: 'beatIsOutdated', target: 'stale.outdated' }",
        "{ guard: 'beatIsOutdated', target: '#connection.lost', actions: 'noteEnd' }",
      ],
    ],
  },
  {
    invariant: 'any frame is harmless',
    judges: ['lives'],
    what: 'JSON that is none is a reason to go',
    file: 'adapters/protocols/id-heartbeat.ts',
    edits: [
      [
        'if (object === undefined) return undefined;',
        "if (object === undefined) return { refused: { reason: 'no JSON' } };",
      ],
    ],
  },
  {
    invariant: 'a wake kills no line that answers',
    judges: ['everywhere', 'lives'],
    what: 'after a wake the line is left unasked',
    file: machine,
    edits: [
      [
        "'world.woke': { guard: 'isSuspect', target: 'stale' }",
        "'world.woke': { guard: 'isSuspect', target: '#connection.lost', actions: { type: 'noteEnd', params: 'silent' } }",
      ],
    ],
  },
  {
    invariant: 'ten dials a minute at most',
    judges: ['lives'],
    what: 'dials keep no pace',
    file: 'machines/next-dial.ts',
    edits: [
      [
        'return elapsed < 0 ? 0 : Math.max(0, paceOf(settings.backoff) - elapsed);',
        'return elapsed < 0 ? 0 : Math.max(0, paceOf(settings.backoff) - elapsed) * 0;',
      ],
    ],
  },
  {
    invariant: 'clocks that disagree decide nothing',
    judges: ['lives'],
    what: "the server's clock is held against ours",
    file: machine,
    edits: [
      ['function isOutdated({ serverClock, settings }: Context', 'function isOutdated({ line, settings }: Context'],
      ['isOlder(serverClock, event, ', 'isOlder({ offset: line.wallTime() - line.now(), at: 0, samples: 2 }, event, '],
    ],
  },
];
