/**
 * Hears a topic, as an app does: `node push-listener.mjs URL TOPIC COUNT`. Says when it is caught up, and after each COUNT messages how long each took from when it
 * was handed over (`push-publisher.mjs`), ms.
 */
import { connectPush } from 'systole/push';

import { now, say } from '../../test/helpers/children/say.mjs';

const [url, name, count] = process.argv.slice(2);
const topic = connectPush(url).topic(name);
let took = [];
topic.on('message', (text) => {
  took.push(now() - Number.parseFloat(text));
  if (took.length < Number(count)) return;
  say('heard', { took });
  took = [];
});
topic.on('caught-up', () => say('caught-up'));
topic.on('gap', ({ reason }) => say('gap', { reason }));
