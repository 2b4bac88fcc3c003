/** What a raw client of `ws` hears of push, as `docs/PROTOCOL.md` has it. */
const tilde = '~'.charCodeAt(0);
const zero = '0'.charCodeAt(0);
const nine = '9'.charCodeAt(0);

/** `~ALIAS AT PAYLOAD` */
export function isMessage(frame) {
  return frame[0] === tilde && frame[1] >= zero && frame[1] <= nine;
}

/** `~KIND …` */
export function isWord(frame, kind) {
  return frame[0] === tilde && frame[1] === kind.charCodeAt(0);
}
