/**
 * Frames that no server should send, by what is wrong with them. For the manners `name`, `answer` and `noise` of `manners.ts`, or to send as they are.
 */
import type { Data } from './manners.ts';

/** None of these names a session. */
export const wrongNames: Readonly<Record<string, string>> = {
  'without now_time': '{"id":"me"}',
  'without id': '{"now_time":1}',
  'the id null': '{"id":null,"now_time":1}',
  'the id true': '{"id":true,"now_time":1}',
  'the id an object': '{"id":{"id":"me"},"now_time":1}',
  'the id an array': '{"id":["me"],"now_time":1}',
  'the id empty': '{"id":"","now_time":1}',
  'the id infinite': '{"id":1e999,"now_time":1}',
  'the id of 1,025 characters': `{"id":"${'x'.repeat(1_025)}","now_time":1}`,
  'the id of half a megabyte': `{"id":"${'x'.repeat(2 ** 19)}","now_time":1}`,
  'the id 10,000 deep': `{"now_time":1,"id":${'['.repeat(10_000)}${']'.repeat(10_000)}}`,
  'NaN, which JSON has not': '{"id":NaN,"now_time":NaN}',
  'the id in __proto__': '{"__proto__":{"id":"me","now_time":1}}',
  'in an array': '[{"id":"me","now_time":1}]',
};

/** Answers whose time is none: they show life, and say nothing of the clock. */
export const absurdAnswers: Readonly<Record<string, string>> = {
  'the word NaN': '{"heartbeat":"NaN"}',
  'the word Infinity': '{"heartbeat":"Infinity"}',
  'no word': '{"heartbeat":""}',
  'a word': '{"heartbeat":"later"}',
  'after the last date': '{"heartbeat":8640000000000001}',
  '1e308': '{"heartbeat":1e308}',
  '-1e308': '{"heartbeat":-1e308}',
  null: '{"heartbeat":null}',
  true: '{"heartbeat":true}',
  'an object': '{"heartbeat":{"heartbeat":1}}',
  'an array': '{"heartbeat":[1]}',
  'an object with a valueOf': '{"heartbeat":{"valueOf":1,"toString":null}}',
  ['__proto__']: '{"heartbeat":{"__proto__":{"polluted":true}}}',
  'a __proto__ beside it': '{"heartbeat":null,"__proto__":{"polluted":true}}',
  '1,000 deep': `{"heartbeat":${'['.repeat(1_000)}${']'.repeat(1_000)}}`,
  'a time of 10,000 digits': `{"heartbeat":${'9'.repeat(10_000)}}`,
};

/** Neither a name nor an answer: the app's, as it is. */
export const rubbish: Readonly<Record<string, Data>> = {
  'no text': '',
  'no JSON': '{"heartbeat":',
  'a string': '"heartbeat"',
  'a number': '1e999',
  null: 'null',
  true: 'true',
  'an empty object': '{}',
  'JSON 30,000 deep': '['.repeat(30_000) + ']'.repeat(30_000),
  'JSON 100,000 deep': '['.repeat(100_000) + ']'.repeat(100_000),
  'objects 10,000 deep': `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`,
  ['__proto__']: '{"__proto__":{"polluted":true},"x":1}',
  'an answer in __proto__': '{"__proto__":{"heartbeat":1}}',
  'an answer too long to be one': `{"heartbeat":1,"x":"${'x'.repeat(65_536)}"}`,
  constructor: '{"constructor":{"prototype":{"polluted":true}}}',
  'toString and friends': '{"toString":1,"valueOf":null,"hasOwnProperty":"x","toJSON":{}}',
  'a lone surrogate, escaped': '{"x":"\\ud800"}',
  'a byte order mark': '\ufeff{"x":1}',
  'nul characters': '\0\0\0',
  'the word heartbeat': 'heartbeat',
  'an event of the machine': '{"type":"user.closed"}',
  'a fact of the machine': '{"type":"socket.lost","code":1008,"reason":"","wasClean":true,"fatal":true}',
  'a timer of the machine': '{"type":"xstate.after.heartbeatInterval.connection.socket.alive.quiet"}',
  'the end of a machine': 'xstate.done.actor.connection',
  'the end of the machine': '{"type":"xstate.stop"}',
  'a megabyte of text': 'x'.repeat(2 ** 20),
  'a megabyte of zeros': new Uint8Array(2 ** 20),
  'no bytes': new Uint8Array(),
  'binary rubbish': new Uint8Array([0, 255, 254, 1, 2, 3, 0xc0, 0x80]),
  'an answer in binary': new TextEncoder().encode('{"heartbeat":1}'),
};
