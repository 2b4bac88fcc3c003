/** What a page and its workers live, by their address: both doors at once. Each word is told to the server that the page came from, in order. */
import { live } from './live.mjs';

const { searchParams } = new URL(location.href);
let told = Promise.resolve();

function tell(where, ...words) {
  const body = words.join(' ');
  told = told.then(() => fetch(`/told?${new URLSearchParams({ where })}`, { method: 'POST', body }));
}

addEventListener('error', ({ message }) => tell('troubles', message));
addEventListener('unhandledrejection', ({ reason }) => tell('troubles', reason));

async function lives() {
  const both = ['connect', 'HeartbeatWebSocket'];
  await Promise.all(both.map((door) => live(door, searchParams.get(door), (...words) => tell(door, ...words))));
  tell('troubles', 'none');
  await told;
}

// A service worker lives for its events.
if ('registration' in globalThis) addEventListener('install', (event) => event.waitUntil(lives()));
else void lives();
