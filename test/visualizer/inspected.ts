/** An app that is inspected: it connects when its button is pressed. */
import { connect } from '../../adapters/connect.ts';
import { inspect } from '../../visualizer/bridge/inspect.browser.ts';

declare const visualizer: string;
declare const socket: string;

document.querySelector('button')!.addEventListener('click', () => {
  const iframe = location.search === '?frame' ? document.querySelector('iframe')! : undefined;
  const connection = connect(socket, { inspect: inspect({ url: visualizer, iframe }), backoff: { spread: 0 } });
  Object.assign(window, { reconnect: () => connection.reconnect() });
});
