/** `useConnection` of systole/vue, in a page: how often it renders, and what it leaves. */
import { expect, onTestFinished, test } from 'vitest';
import {
  type App,
  computed,
  createApp,
  createSSRApp,
  defineComponent,
  effectScope,
  h,
  type MaybeRef,
  nextTick,
  reactive,
  ref,
  shallowRef,
} from 'vue';
import { renderToString } from 'vue/server-renderer';

import type { Connection, ConnectOptions, UrlOption } from '../../../adapters/index.ts';
import { useConnection, type View } from '../../../adapters/vue.ts';
import { complaints, expectOpen, listenersToThePage, place, rigged, shared, untilSo } from './stage.ts';

/** A component that renders the state, and records each time what it has rendered. */
function watched(source: MaybeRef<UrlOption | Connection | undefined>, options?: ConnectOptions) {
  const rendered: unknown[] = [];
  let view: View | undefined;
  const Watched = defineComponent(() => {
    const { snapshot, connection } = (view = useConnection(source as UrlOption, options));
    return () => {
      rendered.push(snapshot.value);
      return h('p', `${snapshot.value.state}${connection.value === undefined ? '' : '!'}`);
    };
  });
  return { Watched, rendered, view: () => view! };
}

function mounted(app: App): HTMLElement {
  const element = place();
  app.mount(element);
  onTestFinished(() => app.unmount());
  return element;
}

test('a render for each change of the snapshot, and none for a thousand messages', async () => {
  const rig = await rigged({ pushEvery: 1 });
  const { Watched, rendered, view } = watched(rig.url);
  const element = mounted(createApp(Watched));
  await untilSo(() => element.textContent === 'alive!');

  const before = rendered.length;
  let messages = 0;
  view().connection.value!.on('message', () => (messages += 1));
  await untilSo(() => messages >= 1_000);
  expect(rendered.length).toBe(before);
  expect(new Set(rendered).size).toBe(rendered.length);

  view().connection.value!.close();
  await untilSo(() => element.textContent === 'closed!');
  expect(view().snapshot.value.cause).toBe('user-closed');
});

test('a thousand mounts and unmounts leave nothing', async () => {
  const rig = await rigged();
  const listeners = listenersToThePage();
  for (let round = 0; round < 20; round += 1) {
    const element = place();
    const app = createApp(() => Array.from({ length: 50 }, () => h(watched(rig.url).Watched)));
    app.mount(element);
    // Some have gone before anything came of them.
    await (round % 10 === 0 ? untilSo(() => element.textContent === 'alive!'.repeat(50)) : nextTick());
    app.unmount();
  }
  await expectOpen(rig, 0);
  await untilSo(() => listeners() === 0);
  expect(listeners()).toBe(0);
}, 300_000);

test('another URL is another connection, and nothing of the last one is rendered', async () => {
  const [one, other] = [await rigged(), await rigged()];
  const base = ref<string | undefined>(one.url);
  const drawn = ref(0);
  const url = computed(() => (drawn.value, base.value && new URL(base.value)));
  const { Watched, view } = watched(url, { closeTimeout: 500 });
  const element = mounted(createApp(Watched));
  await untilSo(() => element.textContent === 'alive!');
  const first = view().connection.value!;
  drawn.value += 1;
  await nextTick();
  expect(view().connection.value).toBe(first);

  // Its goodbye is not answered: it is closed when the next one has long been alive.
  await one.order({ do: 'silence' });
  base.value = other.url;
  await nextTick();
  expect(element.textContent).toBe('connecting!');
  await untilSo(() => element.textContent === 'alive!');
  await untilSo(() => first.state === 'closed');
  expect(view().snapshot.value).toBe(view().connection.value!.snapshot);
  await one.order({ do: 'heal' });
  await expectOpen(one, 0);
  await expectOpen(other, 1);

  base.value = undefined;
  await nextTick();
  expect(element.textContent).toBe('closed');
  await expectOpen(other, 0);
});

test('a function is asked before every dial, what it reads is no reason to dial, and the last one is asked', async () => {
  const rig = await rigged();
  const token = ref(1);
  const asked: string[] = [];
  const url = shallowRef(() => (asked.push(`first ${token.value}`), rig.url));
  const { Watched, view } = watched(url, { backoff: { initial: 1 } });
  const element = mounted(createApp(Watched));
  await untilSo(() => element.textContent === 'alive!');
  const connection = view().connection.value;
  token.value = 2;
  url.value = () => (asked.push(`second ${token.value}`), rig.url);
  await nextTick();
  await rig.order({ do: 'terminate' });
  await rig.seen('opened', 2);
  await untilSo(() => element.textContent === 'alive!');
  expect(asked).toEqual(['first 1', 'second 2']);
  expect(view().connection.value).toBe(connection);
});

test('a shared connection is rendered, during an outage with the time of the next dial, and never closed', async () => {
  const rig = await rigged();
  const connection = shared(rig.deadUrl, { backoff: () => 600_000 });
  await untilSo(() => connection.state === 'reconnecting');
  const { Watched, view } = watched(connection);
  const app = createApp(Watched);
  const element = mounted(app);
  await untilSo(() => element.textContent === 'reconnecting!');
  expect(view().snapshot.value).toBe(connection.snapshot);
  expect(view().snapshot.value.nextDialAt).toBeGreaterThan(Date.now());
  app.unmount();
  expect(connection.state).toBe('reconnecting');
});

test('what a server has rendered is taken over without a word, and dials once', async () => {
  const rig = await rigged();
  const { Watched } = watched(rig.url);
  const element = place();
  element.innerHTML = await renderToString(createSSRApp(Watched));
  expect(element.textContent).toBe('connecting');
  const heard = complaints();
  const app = createSSRApp(Watched);
  app.mount(element);
  onTestFinished(() => app.unmount());
  await untilSo(() => element.textContent === 'alive!');
  await expectOpen(rig, 1);
  expect(heard).toEqual([]);
});

test('in a scope without a component it dials at once, and closes with the scope', async () => {
  const rig = await rigged();
  const scope = effectScope();
  const { snapshot, connection } = scope.run(() => useConnection(rig.url))!;
  expect(connection.value).toBeDefined();
  await untilSo(() => snapshot.value.state === 'alive');
  scope.stop();
  await expectOpen(rig, 0);
});

test('a connection in ref() and reactive() is itself', async () => {
  const rig = await rigged();
  const connection = shared(rig.url);
  const held = ref(connection);
  const state = reactive({ connection, deep: [{ connection }] });
  await untilSo(() => state.connection.state === 'alive');
  expect(held.value).toBe(connection);
  expect(state.deep[0]!.connection).toBe(connection);
  expect(held.value.snapshot).toBe(connection.snapshot);
  expect(state.connection.send('from reactive')).toBe(true);
  const [message] = await rig.seen('message');
  expect(message).toMatchObject({ text: 'from reactive' });
});
