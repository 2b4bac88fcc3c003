/** Who may connect to what listens on loopback: programs of this machine, and no web page of elsewhere. */
import { expect, test } from 'vitest';

import { originOf, refusal } from '../../adapters/loopback.ts';

const dialled = { host: '127.0.0.1:8080' };

const rows: [name: string, headers: Parameters<typeof refusal>[0], why?: string][] = [
  ['a program', dialled],
  ['by another name of this machine', { host: 'localhost:8080' }],
  ['by its address of version 6', { host: '[::1]:8080' }],
  ['without a port', { host: '127.0.0.1' }],
  ['in capitals', { host: 'LOCALHOST:8080' }],
  ['a name that was rebound', { host: 'evil.example:8080' }, 'the Host evil.example:8080 is not this machine'],
  [
    'a name that begins alike',
    { host: 'localhost.evil.example' },
    'the Host localhost.evil.example is not this machine',
  ],
  ['two ports', { host: 'localhost:1:2' }, 'the Host localhost:1:2 is not this machine'],
  ['more than a port', { host: 'localhost:1x' }, 'the Host localhost:1x is not this machine'],
  ['no Host', {}, 'the Host (none) is not this machine'],
  ['a page of this machine', { ...dialled, origin: 'http://localhost:5173' }],
  ['one with a certificate', { ...dialled, origin: 'https://127.0.0.1' }],
  ['one of version 6', { ...dialled, origin: 'http://[::1]:5173' }],
  ['a page that is let in', { ...dialled, origin: 'https://app.example.com' }],
  [
    'a page of elsewhere',
    { ...dialled, origin: 'http://evil.example' },
    'the Origin http://evil.example is not allowed',
  ],
  ['a file', { ...dialled, origin: 'null' }, 'the Origin null is not allowed'],
  ['an extension', { ...dialled, origin: 'ext://localhost' }, 'the Origin ext://localhost is not allowed'],
  [
    'a page that is let in, by a name that was rebound',
    { host: 'evil.example', origin: 'https://app.example.com' },
    'the Host evil.example is not this machine',
  ],
];

test.each(rows)('%s', (_, headers, why) => {
  expect(refusal(headers, new Set(['https://app.example.com']))).toBe(why);
});

test('nobody is let in from elsewhere unless told', () => {
  expect(refusal({ ...dialled, origin: 'https://app.example.com' })).toBe(
    'the Origin https://app.example.com is not allowed',
  );
});

const origins: [given: string, origin: string | undefined][] = [
  ['https://app.example.com', 'https://app.example.com'],
  ['https://app.example.com/', 'https://app.example.com'],
  ['HTTPS://App.Example.com:443', 'https://app.example.com'],
  ['http://localhost:5173', 'http://localhost:5173'],
  ['chrome-extension://abcdef', 'chrome-extension://abcdef'],
  ['null', 'null'],
  ['', undefined],
  ['*', undefined],
  ['app.example.com', undefined],
  ['http:app.example.com', undefined],
  [' https://app.example.com', undefined],
  ['https://app.example.com/page', undefined],
  ['https://app.example.com//', undefined],
  ['https://app.example.com?', undefined],
  ['https://app.example.com#', undefined],
  ['https://me@app.example.com', undefined],
  ['https://app.example.com https://other.example', undefined],
  ['https://app.example.com:port', undefined],
];

test.each(origins)('the origin %j is %j', (given, origin) => {
  expect(originOf(given)).toBe(origin);
});
