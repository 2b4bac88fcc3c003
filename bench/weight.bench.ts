/**
 * What a page carries for a library, and of systole for what.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { chosen } from './chosen.ts';
import { expectWithin } from './measurement.ts';
import { Bundler, type Page } from './page.ts';
import { peerNames } from './peers/index.mjs';
import { report, type Row } from './report.ts';

const connect = "import { connect } from 'systole'; connect(location.hash);";
const dropIn = "import { HeartbeatWebSocket } from 'systole/websocket'; new HeartbeatWebSocket(location.hash);";
const push = "import { connectPush } from 'systole/push'; connectPush(location.hash).topic('news');";

/** kB. */
interface Limits {
  aim: number;
  bound: number;
}

const ours: [what: string, source: string, all: Limits, withoutXstate: Limits][] = [
  ['connect()', connect, { aim: 27, bound: 28 }, { aim: 14.8, bound: 15.5 }],
  ['HeartbeatWebSocket', dropIn, { aim: 30, bound: 31 }, { aim: 17.8, bound: 18.5 }],
  ['connectPush()', push, { aim: 31, bound: 32 }, { aim: 18.8, bound: 19.5 }],
];

/** As the documentation of each begins. npm `ws` and what is written by hand upon it have no page. */
const pages: Record<string, string> = {
  'reconnecting-websocket': "import Socket from 'reconnecting-websocket'; new Socket(location.hash);",
  partysocket: "import { WebSocket as Socket } from 'partysocket'; new Socket(location.hash);",
  'websocket-ts':
    "import { ArrayQueue, ConstantBackoff, WebsocketBuilder } from 'websocket-ts'; new WebsocketBuilder(location.hash).withBuffer(new ArrayQueue()).withBackoff(new ConstantBackoff(1000)).build();",
  'sturdy-websocket': "import Socket from 'sturdy-websocket'; new Socket(location.hash);",
  'robust-websocket': "import Socket from 'robust-websocket'; new Socket(location.hash);",
  'websocket-heartbeat-js': "import Socket from 'websocket-heartbeat-js'; new Socket({ url: location.hash });",
  'graphql-ws': "import { createClient } from 'graphql-ws'; createClient({ url: location.hash });",
  '@rails/actioncable':
    "import { createConsumer } from '@rails/actioncable'; createConsumer(location.hash).subscriptions.create('Room');",
  'socket.io-client': "import { io } from 'socket.io-client'; io(location.hash);",
  centrifuge: "import { Centrifuge } from 'centrifuge'; new Centrifuge(location.hash).connect();",
  mqtt: "import mqtt from 'mqtt'; mqtt.connect(location.hash);",
  phoenix: "import { Socket } from 'phoenix'; new Socket(location.hash).connect();",
};

/** Of `connect()` without XState. Each file is of one. */
const features: [name: string, files: RegExp][] = [
  ['the machine: what happens next, and when', /\/machines\//],
  [
    'a visit: the socket, what is asked and answered, the dialect',
    /\/adapters\/(?:protocols\/.*|visit|socket|proof|inbox|departure|websocket)\.js$/,
  ],
  ['what waits to be sent, within bounds', /\/adapters\/(?:buffer|line)\.js$/],
  ['what the platform tells: offline, hidden, asleep', /\/adapters\/(?:lifecycle|platform|clock)\.js$/],
  [
    'options and URLs: checked, and asked for before a dial',
    /\/adapters\/(?:options|check|url|dial|asked|aborts|web-idl)\.js$/,
  ],
  ['events, snapshots, iteration: the object itself', /\/adapters\/(?:connect|listeners|snapshot|reader|surface)\.js$/],
  ['inspection, without what is secret', /\/adapters\/(?:inspected|short-name)\.js$/],
];

describe('what a page carries', () => {
  const asked = chosen(peerNames);
  const rows: Row[] = [];
  let bundler: Bundler;
  beforeAll(() => {
    bundler = new Bundler();
  });
  afterAll(() => bundler.remove());

  test.runIf(asked.includes('systole')).for(ours)('systole, %s', async ([what, source, all, without], context) => {
    const gzip = kB(await bundler.page(source));
    const alone = kB(await bundler.page(source, ['xstate']));
    rows.push({ peer: 'systole', settings: what, cells: { gzip, alone } });
    expectWithin(context, { what: `a page with ${what}, gzip`, value: gzip, unit: 'kB', ...all });
    expectWithin(context, { what: `the same without xstate`, value: alone, unit: 'kB', ...without });
  });

  test.for(asked.filter((name) => name in pages))('%s', async (name) => {
    const gzip = kB(await bundler.page(pages[name]!));
    rows.push({ peer: name, cells: { gzip, alone: null } });
    expect(gzip).toBeGreaterThan(1);
  });

  test.runIf(asked.includes('systole'))('what of it is which feature', async () => {
    const all = kB(await bundler.page(connect));
    const alone = await bundler.page(connect, ['xstate']);
    const of = [...alone.files].filter(([path]) => path.includes('/systole/'));
    const total = of.reduce((sum, [, length]) => sum + length, 0);
    const shares = features.map(([name, files]) => {
      const length = of.reduce((sum, [path, each]) => sum + (files.test(path) ? each : 0), 0);
      return [name, (kB(alone) * length) / total] as const;
    });
    const known = ([path]: [string, number]) => features.filter(([, files]) => files.test(path)).length === 1;
    expect(of.filter((file) => !known(file))).toEqual([]);
    const more = async (source: string) => kB(await bundler.page(source)) - all;
    const parts = [
      ['XState', all - kB(alone)] as const,
      ...shares,
      ['HeartbeatWebSocket, beyond these', await more(dropIn)] as const,
      ['trusted push, beyond these', await more(push)] as const,
    ];
    report({
      question: 'features',
      title: 'What of systole is which feature',
      how: 'XState, the class and push: the difference that they make to a page, minified, by gzip. All others: their share of what connect() weighs without XState, by the length of their files before they are minified.',
      columns: [{ key: 'gzip', title: 'gzip', unit: 'kB', digits: 1 }],
      rows: parts.map(([settings, gzip]) => ({ peer: 'systole', settings, cells: { gzip } })),
    });
  });

  afterAll(() =>
    report({
      question: 'weight',
      title: 'What a page carries for it',
      how: 'A page of one statement, as the documentation of each begins, bundled by Vite for browsers, minified, by gzip.',
      columns: [
        { key: 'gzip', title: 'gzip', unit: 'kB', digits: 1 },
        { key: 'alone', title: 'without xstate', unit: 'kB', digits: 1 },
      ],
      rows,
    }),
  );
});

function kB({ bytes }: Page): number {
  return bytes / 1_000;
}
