/** All ways, by name. Each is loaded when it is asked for. */

const files = {
  push: ['./systole.mjs', 'push'],
  recovery: ['./socket-io.mjs', 'recovery'],
  rooms: ['./socket-io.mjs', 'rooms'],
  plain: ['./by-hand.mjs', 'plain'],
  heartbeats: ['./by-hand.mjs', 'heartbeats'],
};

/** @returns {Promise<import('./way.d.ts').Way>} */
export async function wayOf(name) {
  const [file, way] = files[name];
  return (await import(file))[way];
}
