/** Which picture each question has, and what it says to whoever does not see it. */
import { alarms } from './alarms.mjs';
import { panels } from './panels.mjs';

const sized = (way) => ['64 B', '1 KiB', '64 KiB'].map((size) => `${way}, ${size}`);

/** By the question: who draws it, and of what. */
export const pictures = {
  alarms: {
    alt: 'Seconds until a dead line is noticed, against needless reconnections where the latency changes; each library with several settings',
    by: alarms,
    of: {
      notice: 'noticeMedian',
      kinds: ['jitter200', 'jitter400', 'late'],
      across: 'until a dead line is noticed, median',
      up: 'needless reconnections, in the worst of three kinds of latency',
    },
  },
  deadline: {
    alt: 'Time until there is a new connection where the line went dead, each library by itself and on systole',
    by: panels,
    of: {
      panels: [
        { title: 'quiet: median (slowest)', value: 'quietMedian', most: 'quietMax' },
        { title: 'while sending', value: 'sendingMedian', most: 'sendingMax' },
      ],
    },
  },
  cable: {
    alt: 'Time until there is a new connection where the cable was pulled and another path was there after three seconds',
    by: panels,
    of: {
      panels: [{ title: 'until there is a new connection: median (slowest)', value: 'median', most: 'max' }],
      by: 'max',
    },
  },
  messages: {
    alt: 'Processor time for a message, as a multiple of bare ws, each library, in and out, text and binary, three sizes',
    by: panels,
    of: {
      panels: [
        { title: 'text in', dots: sized('in, text') },
        { title: 'binary in', dots: sized('in, binary') },
        { title: 'text out', dots: sized('out, text') },
        { title: 'binary out', dots: sized('out, binary') },
      ],
      note: ['× the processor time of bare ws, for a message of ● 64 B, ◆ 1 KiB, ■ 64 KiB'],
    },
  },
  idle: {
    alt: 'Heap of an idle connection above bare ws, each library',
    by: panels,
    of: { panels: [{ title: 'heap of an idle connection, above bare ws', value: 'heap' }] },
  },
  weight: {
    alt: 'Weight of each library in a bundle, minified and gzipped; of systole’s, xstate is the lighter part',
    by: panels,
    of: {
      panels: [{ title: 'minified and gzipped (without xstate, which is lighter)', value: 'gzip', part: 'alone' }],
    },
  },
  storm: {
    alt: 'What 300 clients do when their server was away for two seconds: dials at once, and when they are back',
    by: panels,
    of: {
      panels: [
        { title: 'dials in 100 ms', value: 'peak' },
        { title: '99 % back', value: 'back' },
        { title: 'lost of what was sent, %', value: 'lost' },
      ],
    },
  },
  herd: {
    alt: 'How long 100,000 clients take to come back to a server that takes 1,000 a second, over what it would take at its limit',
    by: panels,
    of: {
      panels: [
        { title: 'restarted, refuses', value: 'restart' },
        { title: 'away 30 s, refuses', value: 'away' },
        { title: 'restarted, lets wait', value: 'restartQueue' },
        { title: 'away 30 s, lets wait', value: 'awayQueue' },
      ],
    },
  },
  trusted: {
    alt: 'Messages missed where the line is silent for some seconds, where another path is found, and where a node is killed',
    by: panels,
    of: {
      panels: [
        { title: 'missed: silent', value: 'silent' },
        { title: 'another path', value: 'path' },
        { title: 'broken at the app', value: 'broken' },
        { title: 'a node is killed', value: 'killed' },
      ],
    },
  },
};
