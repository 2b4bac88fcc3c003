/**
 * The frames of trusted push, an extension of id-heartbeat: texts that begin with the marker. What an app sends that begins with it has the marker twice.
 *
 * |     | frame                                           | meaning                                                                       |
 * | --- | ----------------------------------------------- | ----------------------------------------------------------------------------- |
 * | S→C | `{"id":…,"now_time":…,"push":1}`                | the welcome                                                                   |
 * | C→S | `~s [[topic, cursor or null, away or null], …]` | hear from there, or from now on; `away`: ms since it was heard to be complete |
 * | C→S | `~u [topic, …]`                                 | no more of it                                                                 |
 * | S→C | `~o ALIAS EPOCH AT TOPIC`                       | heard from AT; the alias is for this line                                     |
 * | S→C | `~ALIAS AT PAYLOAD`                             | a message                                                                     |
 * | S→C | `~b ALIAS AT`, and then one binary frame        | a binary message                                                              |
 * | S→C | `~= ALIAS AT`                                   | caught up: there is nothing you have not been told of                         |
 * | S→C | `~g ALIAS EPOCH TO REASON [MISSED]`             | gap; it goes on after TO                                                      |
 * | S→C | `~x TOPIC CODE`                                 | not allowed, not any more, or too many                                        |
 *
 * docs/PROTOCOL.md says it for others.
 */

/** No JSON begins so, and hardly any text; it is one byte, and reads in logs. */
export const marker = '~';
export const markerCode = 0x7e;

/** The longest frame that subscribes, in characters. */
export const longestRequest = 16_384;

/** Why a topic is not heard. `denied`: not allowed. `revoked`: not any more. `too-many`: this line hears as many as it may. */
export type Refusal = 'denied' | 'revoked' | 'too-many';

/** A text of the app's own, as it goes onto the wire. */
export function marked(text: string): string {
  return text.charCodeAt(0) === markerCode ? marker + text : text;
}

/** The app's own text, where `text` begins with the marker twice. */
export function unmarked(text: string): string | undefined {
  return text.charCodeAt(1) === markerCode ? text.slice(1) : undefined;
}

/** A reason or a code, also of a later version. */
export function isWord(text: string | undefined): text is string {
  return text !== undefined && /^[a-z-]+$/.test(text);
}
