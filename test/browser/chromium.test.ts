import { adapterSuite } from '../adapter/suite.ts';

adapterSuite({
  name: 'Chromium',
  WebSocket: globalThis.WebSocket,
  shows: {},
  terminates: false,
  uncaught: uncaughtInPage,
});

function uncaughtInPage(hear: (error: Error) => void): () => void {
  const listener = ({ error }: ErrorEvent) => hear(error as Error);
  addEventListener('error', listener);
  return () => removeEventListener('error', listener);
}
