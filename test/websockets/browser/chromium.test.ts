import { adapterSuite } from '../suite.ts';
import { uncaughtInPage } from './uncaught-page.ts';

adapterSuite({
  name: 'Chromium',
  WebSocket: globalThis.WebSocket,
  shows: {},
  terminates: false,
  uncaught: uncaughtInPage,
});
