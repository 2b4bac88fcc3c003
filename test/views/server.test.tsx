/** @jsxImportSource react */
/** A server renders what it does not know yet, and dials nothing. */
import { renderToString } from 'react-dom/server';
import { expect, test } from 'vitest';
import { createSSRApp, defineComponent, h } from 'vue';
import { renderToString as renderVue } from 'vue/server-renderer';

import { useConnection } from '../../adapters/react.ts';
import { useConnection as inVue } from '../../adapters/vue.ts';
import { listen, open, speakIdHeartbeat, until } from '../helpers/support.ts';

test('React', async () => {
  const { url, accepted } = await listen((socket) => speakIdHeartbeat(socket, '1'));
  const shown: unknown[] = [];
  function View({ of }: { of: string | undefined }) {
    const view = useConnection(of);
    shown.push(view);
    return <p>{view.state}</p>;
  }
  expect(renderToString(<View of={url} />)).toBe('<p>connecting</p>');
  expect(renderToString(<View of={undefined} />)).toBe('<p>closed</p>');
  expect(shown).toEqual(shown.map(() => expect.objectContaining({ connection: undefined, since: 0 })));
  // Who has dialled later is there first.
  await until(open(url), 'open');
  expect(accepted).toHaveLength(1);
});

test('Vue', async () => {
  const { url, accepted } = await listen((socket) => speakIdHeartbeat(socket, '1'));
  const view = (of: string | undefined) =>
    createSSRApp(
      defineComponent(() => {
        const { snapshot, connection } = inVue(of);
        return () => h('p', [snapshot.value.state, typeof connection.value]);
      }),
    );
  expect(await renderVue(view(url))).toBe('<p>connectingundefined</p>');
  expect(await renderVue(view(undefined))).toBe('<p>closedundefined</p>');
  await until(open(url), 'open');
  expect(accepted).toHaveLength(1);
});
