import { connect } from 'systole';

const connection = connect(process.argv[2] ?? 'ws://127.0.0.1:8080', {
  heartbeat: { interval: 25_000, timeout: 10_000 },
});

connection.on('message', (data) => console.log('message:', data));
connection.on('lost', ({ cause }) => console.log(`lost (${cause})`));
connection.on('restored', ({ downFor }) => console.log(`back after ${downFor} ms`));
connection.on('closed', ({ cause }) => console.log(`closed (${cause})`));

connection.send('subscribe'); // buffered until the line is alive

process.on('SIGINT', () => connection.close());
