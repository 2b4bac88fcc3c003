import { connectPush } from 'systole/push';

const push = connectPush(process.argv[2] ?? 'ws://127.0.0.1:8080', { heartbeat: { interval: 25_000 } });
const news = push.topic('news');

news.on('message', (data, { replayed }) => console.log(replayed ? 'missed meanwhile:' : 'heard:', data));
news.on('gap', ({ reason, missed }) => console.log(`a gap (${reason}), ${missed ?? 'nobody knows how many'} missing`));
news.on('caught-up', () => console.log('there is nothing that was not heard'));
