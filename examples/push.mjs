import { connect } from 'systole';

const url = process.argv[2] ?? 'ws://127.0.0.1:8080';
const connection = connect(url, { heartbeat: { interval: 25_000, timeout: 10_000 } });
const again = (ms) => (ms === undefined ? '' : `, again in ${(ms / 1000).toFixed(1)} s`);

console.log(`connecting to ${new URL(url).host} …`); // no more of it: there may be a token in the rest
connection.on('open', ({ id }) => console.log(`alive, as ${id}`));
connection.on('message', (data) => console.log('message:', data));
connection.on('retry', ({ cause, reason, nextDialIn }) => {
  console.log(`cannot connect (${reason ? `${cause}: ${reason}` : cause})${again(nextDialIn)}`);
});
connection.on('lost', ({ cause, nextDialIn }) => console.log(`lost (${cause})${again(nextDialIn)}`));
connection.on('restored', ({ id, downFor }) => console.log(`alive again, as ${id}, after ${downFor} ms`));
connection.on('closed', ({ cause }) => console.log(`closed (${cause})`));

connection.send('subscribe'); // buffered until the line is alive

process.on('SIGINT', () => connection.close());
