/** @jsxImportSource solid-js */
import { render } from 'solid-js/web';

import { Inbox } from './Inbox.jsx';

render(() => <Inbox />, document.querySelector('#app'));
