/** @jsxImportSource react */
/** `useConnection` of systole/react, in a page: how often it renders, and what it leaves. */
import { Activity, type ReactNode, StrictMode, Suspense, use, useEffect } from 'react';
import { flushSync } from 'react-dom';
import { createRoot, hydrateRoot, type Root } from 'react-dom/client';
import { renderToString } from 'react-dom/server';
import { expect, onTestFinished, test } from 'vitest';

import type { Connection, ConnectOptions, UrlOption } from '../../../adapters/index.ts';
import { useConnection, type View } from '../../../adapters/react.ts';
import { complaints, listenersToThePage, place, rigged, shared, expectOpen, untilSo } from './stage.ts';

type Given = [source: UrlOption | Connection | undefined, options?: ConnectOptions];

/** Records what it is given by every render. */
function watched() {
  const views: View[] = [];
  function Watched({ of: [source, options] }: { of: Given }) {
    const view = useConnection(source as UrlOption, options);
    views.push(view);
    return <p>{view.state}</p>;
  }
  return { Watched, views, now: () => views.at(-1)!, isAlive: () => views.at(-1)?.state === 'alive' };
}

function rooted(node?: ReactNode): Root {
  const root = createRoot(place());
  onTestFinished(() => root.unmount());
  if (node !== undefined) root.render(node);
  return root;
}

test('a render for each change of the snapshot, and none for a thousand messages', async () => {
  const rig = await rigged({ pushEvery: 1 });
  const { Watched, views, now, isAlive } = watched();
  const root = rooted(<Watched of={[rig.url]} />);
  await untilSo(isAlive);
  expect(new Set(views).size).toBe(views.length);

  // What is rendered for another reason is given the same view.
  const [before, view] = [views.length + 1, now()];
  root.render(<Watched of={[rig.url]} />);
  await untilSo(() => views.length === before);
  expect(now()).toBe(view);

  let messages = 0;
  now().connection!.on('message', () => (messages += 1));
  await untilSo(() => messages >= 1_000);
  expect(views.length).toBe(before);
  expect(views[0]).toMatchObject({ state: 'connecting', connection: undefined });

  now().connection!.close();
  await untilSo(() => now().state === 'closed');
  expect(now()).toMatchObject({ state: 'closed', cause: 'user-closed' });
});

test('who listens in an effect hears the first message', async () => {
  const rig = await rigged({ behind: ['first'] });
  const found: unknown[] = [];
  const heard: unknown[] = [];
  function Listening() {
    const { connection } = useConnection(rig.url);
    useEffect(() => {
      if (connection) found.push(connection.state);
      return connection?.on('message', (message) => heard.push(message));
    }, [connection]);
    // A page at work: the server answers while it renders.
    for (const start = performance.now(); performance.now() - start < 30;);
    return null;
  }
  rooted(Array.from({ length: 10 }, (_, i) => <Listening key={i} />));
  await untilSo(() => heard.length === 10);
  expect(found).toEqual(Array.from({ length: 10 }, () => 'connecting'));
});

test("StrictMode's second effect leaves one connection, and has dialled once", async () => {
  const rig = await rigged();
  const { Watched, isAlive } = watched();
  let dials = 0;
  class Counted extends WebSocket {
    constructor(url: string | URL, protocols?: string | string[]) {
      super(url, protocols);
      dials += 1;
    }
  }
  const root = rooted(
    <StrictMode>
      <Watched of={[rig.url, { WebSocket: Counted }]} />
    </StrictMode>,
  );
  await untilSo(isAlive);
  await expectOpen(rig, 1);
  expect(dials).toBe(1);
  root.unmount();
  await expectOpen(rig, 0);
});

test('a thousand mounts and unmounts leave nothing', async () => {
  const rig = await rigged();
  const { Watched, views } = watched();
  // React listens to the document once and for all.
  rooted(<Watched of={[undefined]} />);
  await untilSo(() => views.length > 0);
  const listeners = listenersToThePage();

  for (let round = 0; round < 20; round += 1) {
    const element = place();
    const root = createRoot(element);
    flushSync(() => root.render(Array.from({ length: 50 }, (_, i) => <Watched key={i} of={[rig.url]} />)));
    // Some have gone before anything came of them.
    if (round % 10 === 0) await untilSo(() => element.textContent === 'alive'.repeat(50));
    root.unmount();
  }
  await expectOpen(rig, 0);
  await untilSo(() => listeners() === 0);
}, 300_000);

test('another URL is another connection, and what is left is rendered no more', async () => {
  const [one, other] = [await rigged(), await rigged()];
  const { Watched, views, now, isAlive } = watched();
  const root = rooted(<Watched of={[one.url]} />);
  await untilSo(isAlive);
  const first = now().connection;
  const before = views.length;

  root.render(<Watched of={[new URL(other.url)]} />);
  await untilSo(() => views.length > before);
  expect(views[before]).toMatchObject({ state: 'connecting', connection: undefined });
  await untilSo(isAlive);
  expect(now().connection).not.toBe(first);
  await expectOpen(one, 0);
  await expectOpen(other, 1);

  const second = now();
  const again = views.length;
  root.render(<Watched of={[new URL(other.url)]} />);
  await untilSo(() => views.length > again);
  expect(now()).toBe(second);

  root.render(<Watched of={[undefined]} />);
  await untilSo(() => now().connection === undefined);
  expect(now().state).toBe('closed');
  await expectOpen(other, 0);
});

test('functions and options that are written in the render are no reason to dial; the last function is asked', async () => {
  const rig = await rigged();
  const asked: number[] = [];
  const { Watched, views, now, isAlive } = watched();
  const root = rooted();
  const render = (nth: number) =>
    root.render(<Watched of={[() => (asked.push(nth), rig.url), { backoff: { initial: 1 } }]} />);
  for (let nth = 0; nth < 20; nth += 1) {
    const before = views.length;
    render(nth);
    await untilSo(() => views.length > before);
  }
  await untilSo(isAlive);
  expect(asked).toHaveLength(1);

  const { connection } = now();
  await rig.order({ do: 'terminate' });
  await rig.seen('opened', 2);
  await untilSo(isAlive);
  expect(asked).toEqual([asked[0], 19]);
  expect(now().connection).toBe(connection);
  await expectOpen(rig, 1);
});

test('a shared connection is rendered at once, and never closed', async () => {
  const rig = await rigged();
  const connection = shared(rig.url);
  const { Watched, views, now } = watched();
  const root = rooted(
    <StrictMode>
      <Watched of={[connection]} />
      <Watched of={[connection]} />
    </StrictMode>,
  );
  await untilSo(() => views.length > 0 && now().state === 'alive');
  expect(views.every((view) => view.connection === connection)).toBe(true);
  root.unmount();
  expect(connection.state).toBe('alive');
  await expectOpen(rig, 1);
});

test('who is mounted during an outage knows when the next dial is due', async () => {
  const rig = await rigged();
  const connection = shared(rig.deadUrl, { backoff: () => 600_000 });
  await untilSo(() => connection.state === 'reconnecting');
  const { Watched, views } = watched();
  const root = rooted();
  flushSync(() => root.render(<Watched of={[connection]} />));
  expect(views[0]).toMatchObject({ state: 'reconnecting', nextDialAt: connection.snapshot.nextDialAt });
  expect(views[0]!.nextDialAt).toBeGreaterThan(Date.now());
});

test('who waits behind Suspense dials nothing, and once when it is there', async () => {
  const rig = await rigged();
  const { Watched, isAlive } = watched();
  let arrive = () => {};
  const arrived = new Promise<void>((resolve) => {
    arrive = resolve;
  });
  const asked: number[] = [];
  function Late() {
    const { state } = useConnection(() => (asked.push(0), rig.url));
    use(arrived);
    return <p>{state}</p>;
  }
  rooted(
    <>
      <Watched of={[rig.url]} />
      <Suspense fallback="later">
        <Late />
      </Suspense>
    </>,
  );
  await untilSo(isAlive);
  expect(asked).toEqual([]);
  arrive();
  await expectOpen(rig, 2);
  expect(asked).toEqual([0]);
});

test('hidden by Activity it is closed, and shown again it is dialled', async () => {
  const rig = await rigged();
  const { Watched, views, isAlive } = watched();
  const root = rooted();
  const show = (mode: 'visible' | 'hidden') =>
    root.render(
      <Activity mode={mode}>
        <Watched of={[rig.url]} />
      </Activity>,
    );
  show('visible');
  await untilSo(isAlive);
  show('hidden');
  await expectOpen(rig, 0);
  const before = views.length;
  show('visible');
  await expectOpen(rig, 1);
  await untilSo(isAlive);
  expect(views.slice(before).map(({ state }) => state)).not.toContain('closed');
});

test('what a server has rendered is taken over without a word, and dials once', async () => {
  const rig = await rigged();
  const connection = shared(rig.url);
  await untilSo(() => connection.state === 'alive');
  const { Watched, isAlive } = watched();
  const app = (
    <StrictMode>
      <Watched of={[rig.url]} />
      <Watched of={[undefined]} />
      <Watched of={[connection]} />
    </StrictMode>
  );
  const element = place();
  element.innerHTML = renderToString(app);
  expect(element.textContent).toBe('connectingclosedconnecting');
  const heard = complaints();
  const root = hydrateRoot(element, app, { onRecoverableError: (error) => heard.push(error) });
  onTestFinished(() => root.unmount());
  await untilSo(isAlive);
  await untilSo(() => element.textContent === 'aliveclosedalive');
  await expectOpen(rig, 2);
  expect(heard).toEqual([]);
});

test('a URL that cannot be dialled goes to the error boundary', async () => {
  const { Watched } = watched();
  const errors: unknown[] = [];
  const root = createRoot(place(), { onUncaughtError: (error) => errors.push(error) });
  onTestFinished(() => root.unmount());
  root.render(<Watched of={['ftp://example.com']} />);
  await untilSo(() => errors.length > 0);
  expect(errors).toEqual([expect.objectContaining({ name: 'SyntaxError' })]);
});
