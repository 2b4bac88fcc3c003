/** What the messages of a benchmark hold. */

/** What looks like the protocol's own, and is read before it is known not to be. */
const json = '{"type":"price","symbol":"ABCDEF","price":12345.67,"volume":987}';

/** @param {'text' | 'binary' | 'json'} kind @param {number} bytes of JSON always 64 */
export function payloadOf(kind, bytes) {
  if (kind === 'json') return json;
  return kind === 'text' ? 'x'.repeat(bytes) : new Uint8Array(bytes).fill(7);
}
