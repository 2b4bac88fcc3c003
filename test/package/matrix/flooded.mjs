/** A connection to a peer that means it harm, told line by line: `flooded.mjs URL`. */
import { connect } from 'systole';

const connection = connect(process.argv[2], { heartbeat: { interval: 600_000, timeout: 600_000 }, retries: 0 });
connection.on('open', () => console.log('open'));
connection.on('lost', ({ code, reason }) => console.log('lost', code, reason));
