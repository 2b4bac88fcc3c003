/**
 * What errors of a dial mean, and what to do: a row for each. Nothing here repeats what was typed; of where a server points to, no more than what is
 * hardly a secret.
 */
import { printable } from './terminal.ts';

/** The dial that failed. */
export interface Dialled {
  /** With `http` and `https` as well. */
  readonly url: string;
  /** Where the server's answer points to (`Location`). */
  readonly pointsTo?: string | undefined;
}

type Meaning = string | ((dialled: Dialled) => string);

/** Where nothing but ours is at fault, the remedy is an option; where the server is, it is the server's. */
const meanings: readonly (readonly [kinds: RegExp, meaning: Meaning])[] = [
  [/^(EPROTO|ERR_SSL_\w+)$/, 'what listens there speaks no TLS, or none that we do: if it has none, dial ws://'],
  [
    /^HPE_\w+$/,
    (dialled) =>
      isSecure(dialled)
        ? 'what listens there is no HTTP server: another port?'
        : 'what listens there speaks TLS, or is no HTTP server: dial wss://, or another port',
  ],
  [
    /^DEPTH_ZERO_SELF_SIGNED_CERT$/,
    'its certificate is signed by itself: --ca FILE trusts it, FILE being that certificate; --insecure trusts anybody, and is for tests',
  ],
  [
    /^SELF_SIGNED_CERT_IN_CHAIN$/,
    "an authority has signed its certificate that is not known here, such as a company's: --ca FILE trusts it, FILE being its root; --insecure trusts anybody, and is for tests",
  ],
  [
    /^UNABLE_TO_(VERIFY_LEAF_SIGNATURE|GET_ISSUER_CERT(_LOCALLY)?)$/,
    'who has signed its certificate is not known here: let the server send the whole chain, or --ca FILE with the certificate of the signer; do not ship --insecure',
  ],
  [
    /^CERT_HAS_EXPIRED$/,
    "its certificate has expired: renew it there, or set this machine's clock; --ca does not help",
  ],
  [/^CERT_NOT_YET_VALID$/, "its certificate is not valid yet: set this machine's clock, or the server's"],
  [
    /^ERR_TLS_CERT_ALTNAME_INVALID$/,
    'its certificate is for another host: dial the name that it is for, or have this one put into it; --ca does not help',
  ],
  [
    /^Invalid Sec-WebSocket-Accept header$/,
    'the server makes Sec-WebSocket-Accept wrongly: it is base64 of the raw SHA-1 of the key and the GUID of RFC 6455 §4.2.2; or what answers is a cache',
  ],
  [/^ECONNREFUSED$/, 'nothing listens there: is the server up, and is this its port?'],
  [/^ENOTFOUND$/, 'there is no host of that name: misspelt, or known in another network only (a VPN?)'],
  [/^EAI_AGAIN$/, 'names cannot be looked up now: is there a network, and its DNS?'],
  [/^(EHOSTUNREACH|ENETUNREACH)$/, 'no way leads there from here: is the network up, and the VPN?'],
  [
    /^(ETIMEDOUT|dial-timeout)$/,
    'nothing came back in time: a firewall that drops what we send, or a server that accepts and does not answer',
  ],
  [
    /^ECONNRESET$/,
    (dialled) =>
      isSecure(dialled)
        ? 'it hung up before it answered: a proxy that passes no WebSockets on, or a server that is overloaded'
        : 'it hung up before it answered: it may speak TLS (dial wss://), or a proxy passes no WebSockets on',
  ],
  [
    /^Server sent (no|an invalid|a) subprotocol/,
    'it does not agree to what was offered: --subprotocol names what it speaks',
  ],
  [
    /^Invalid (Sec-WebSocket-Accept|Upgrade) header$/,
    'what answers is no WebSocket server: a proxy, or a page? Another path, perhaps',
  ],
  [
    /^HTTP 2\d\d$/,
    'a web server answers, and takes it for a page: another path, or a proxy that does not pass Upgrade on',
  ],
  [/^HTTP 3\d\d$/, directions],
  [
    /^HTTP 400$/,
    (dialled) =>
      `it takes this for no upgrade: a proxy that does not pass Upgrade on, a --subprotocol that it misses${isSecure(dialled) ? '' : ', or it wants TLS (dial wss://)'}`,
  ],
  [/^HTTP 401$/, "it wants to know who you are: --header 'Authorization: Bearer …', or what else it signs in with"],
  [
    /^HTTP 403$/,
    "it does not let you in: who signed in may not, or it wants the page's --header 'Origin: https://…'; systole serve has --allow-origin",
  ],
  [/^HTTP 40[45]$/, 'nothing takes WebSockets at this path: what is the right one?'],
  [/^HTTP 407$/, 'a proxy wants to know who you are: that is not the server'],
  [
    /^HTTP 426$/,
    'it wants an upgrade and got none that it knows: a proxy that does not pass Upgrade on, or a --subprotocol that it misses',
  ],
  [/^HTTP 429$/, 'too many dials, it says: wait; how long it asks for is kept, up to an hour'],
  [/^HTTP 500$/, 'the server failed at it: its log knows why'],
  [/^HTTP 502$/, 'a proxy answers, and the server behind it is down, or speaks otherwise: look there'],
  [/^HTTP 503$/, 'it takes nobody now, overloaded or in maintenance: another time'],
  [/^HTTP 504$/, 'a proxy answers, and the server behind it does not in time: look there'],
];

/**
 * A clause for people; undefined: there is nothing to add.
 * @param kind a code, such as ECONNREFUSED or HTTP 302, or the cause where there is no code
 */
export function meaningOf(kind: string, dialled: Dialled): string | undefined {
  const [, meaning] = meanings.find(([kinds]) => kinds.test(kind)) ?? [];
  return typeof meaning === 'function' ? meaning(dialled) : meaning;
}

function isSecure({ url }: Dialled): boolean {
  return /^(wss|https):/i.test(url);
}

function directions({ url, pointsTo }: Dialled): string {
  const from = new URL(url);
  const to = pointsTo !== undefined && URL.canParse(pointsTo, httpOf(from)) && new URL(pointsTo, httpOf(from));
  if (!to || !/^(http|ws)s?:$/.test(to.protocol)) return 'it points elsewhere, and does not say where';
  const where = `${to.protocol.replace('http', 'ws')}//${printable(to.host)}`;
  return `it points to ${where}${pathOf(to, from)}, where a WebSocket does not follow: dial that; or sign in, if it is a login`;
}

function httpOf({ href }: URL): string {
  return href.replace(/^ws/, 'http');
}

/** What was typed may come back in it: only words are shown that are not there. */
function pathOf({ pathname }: URL, { pathname: own, search, username, password }: URL): string {
  if (pathname === own) return own === '/' ? '/' : '/… (the same path)';
  if (pathname === `${own}/`) return '/…/ (the same path, with a slash at its end)';
  if (`${pathname}/` === own) return '/… (the same path, without the slash at its end)';
  const typed = [own, search, username, password].join(' ');
  const shown = (word: string) => (/^[a-z]{0,16}$/.test(word) && (word === '' || !typed.includes(word)) ? word : '…');
  return pathname.split('/').slice(0, 6).map(shown).join('/');
}
