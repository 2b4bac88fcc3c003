/** All of them, by the names that the results have. Each is loaded when it is asked for: some put things into the global scope. */

const files = {
  systole: './systole.mjs',
  ws: './ws.mjs',
  'fifteen lines by hand': './by-hand.mjs',
  'reconnecting-websocket': './reconnecting-websocket.mjs',
  partysocket: './partysocket.mjs',
  'websocket-ts': './websocket-ts.mjs',
  'sturdy-websocket': './sturdy-websocket.mjs',
  'robust-websocket': './robust-websocket.mjs',
  'websocket-heartbeat-js': './websocket-heartbeat-js.mjs',
  'graphql-ws': './graphql-ws.mjs',
  '@rails/actioncable': './actioncable.mjs',
  'socket.io-client': './socket-io.mjs',
  centrifuge: './centrifuge.mjs',
  mqtt: './mqtt.mjs',
  phoenix: './phoenix.mjs',
};

export const peerNames = Object.keys(files);

/** @returns {Promise<import('./peer.d.ts').Peer>} */
export async function peerOf(name) {
  const file = files[name];
  if (file === undefined) throw new Error(`there is no ${name}; there are ${peerNames.join(', ')}`);
  return (await import(file)).peer;
}
