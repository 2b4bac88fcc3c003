/**
 * The whole vocabulary of a connection: its states, why it changes them, what it can be told, what it orders, and what it reports.
 *
 * Facts are named `speaker.pastTense`: a socket, the peer, the world or the user has done something. Orders to the socket actor are
 * imperatives. Every fact is built by our own code from a literal; nothing read from the wire ever becomes an event's `type`.
 */

/** What `Connection.state` says, and a tag of the machine's state of the same name. */
export type State = 'connecting' | 'awaiting-id' | 'alive' | 'stale' | 'reconnecting' | 'closing' | 'closed';

/** Why a line is doubted, was left, or is closed. */
export type Cause =
  /** Nothing was heard from the peer for `heartbeat.interval + heartbeat.timeout`, or the line broke when it was asked after a silence. */
  | 'silent'
  /** The peer answered, and for half of `heartbeat.timeout` with nothing but clocks more than `heartbeat.maxAge` behind: stale copies. */
  | 'outdated'
  /** The dial was refused, or the server told us to go. */
  | 'refused'
  /** The socket did not open within `connectTimeout`. */
  | 'dial-timeout'
  /** The socket opened, but the peer did not name the session within `idTimeout`. */
  | 'unnamed'
  /** The network under us changed while we were dialling. */
  | 'network-changed'
  /** The platform was about to stop us (a page that enters the back/forward cache), so we hung up. */
  | 'suspended'
  /** The socket fired `close`. */
  | 'peer-closed'
  /** The URL could not be had, or is not one a WebSocket can dial. */
  | 'url-failed'
  /** `reconnect()` was called. */
  | 'user-reconnected'
  /** `close()` was called. */
  | 'user-closed'
  /** The `signal` given to `connect()` was aborted. */
  | 'aborted'
  /** The peer said something that no new dial can mend. */
  | 'fatal'
  /** `retries` dials in a row failed. With `retries: 0` none is made, and the cause is why the line was lost. */
  | 'retries-exhausted';

/**
 * How a protocol shows life. `ask`: we ask, the server answers. `server-beats`: the server speaks by itself and its silence is the sign.
 * `none`: there is no way to tell, so nothing is ever doubted.
 */
export type Liveness = 'ask' | 'server-beats' | 'none';

/** How a WebSocket ended. 1006, '' and false where no close handshake was completed (RFC 6455 §7.1.5). */
export interface CloseInfo {
  /** Of the close frame, or 1006: there was none. */
  code: number;
  /** The peer's word, or what went wrong, such as ECONNREFUSED; ''. */
  reason: string;
  /** The close handshake was completed. */
  wasClean: boolean;
  /** True: the WebSocket found an error in what it received (a broken frame, bad UTF-8), and `reason` is its word, not the peer's. */
  failed?: boolean | undefined;
  /** HTTP status of a refused upgrade, where the WebSocket class shows it (npm `ws` only). */
  status?: number | undefined;
}

/** What the machine, its users and its `shouldReconnect` may know of a loss. */
export interface Loss extends CloseInfo {
  cause: Cause;
  /** Dials since the line was last stable. 0: the line that was lost had been stable. */
  attempt: number;
  /** Lines in a row, this one included, that were given up as silent without one sign of life when asked. */
  unanswered?: number | undefined;
  /** The delay the server asked for, in ms, unclamped. */
  retryAfter?: number | undefined;
}

/** What woke the world up. `network` also says that it is there again. */
export type Wake = 'sleep' | 'freeze' | 'network' | 'visible';

/** What stands in the way of a dial. `offline`: the platform knows of no network, a hint. `unseen`: dials wait until the page is seen again. */
export type Obstacle = 'offline' | 'unseen';

export type Fact =
  | { type: 'socket.opened' }
  | ({
      type: 'socket.lost';
      retryAfter?: number | undefined;
      /** The protocol's word on whether dialling again can help. Undefined: the machine's own rule decides. */
      fatal?: boolean | undefined;
    } & CloseInfo)
  | { type: 'url.failed'; reason: string }
  /** `serverTime`: the server's clock, epoch ms. `receivedAt`: ours, monotonic ms. `interval`: the heartbeat interval the server dictates, ms. */
  | {
      type: 'peer.named';
      id?: string | undefined;
      serverTime?: number | undefined;
      receivedAt: number;
      interval?: number | undefined;
    }
  | { type: 'peer.beat'; serverTime?: number | undefined; receivedAt: number; roundTripTime?: number | undefined }
  | { type: 'peer.spoke' }
  | { type: 'peer.refused'; reason: string; fatal?: boolean | undefined; retryAfter?: number | undefined }
  | { type: 'world.woke'; reason: Wake }
  | { type: 'world.wentOffline' }
  | { type: 'world.suspended' }
  /** `code`, `reason`: what the peer was told, where it was told anything. */
  | { type: 'user.reconnected'; code?: number; reason?: string }
  | { type: 'user.closed'; code?: number | undefined; reason?: string | undefined; cause?: 'aborted' | undefined };

/** What the machine orders of its socket actor. */
export type Order =
  /** Write a heartbeat, where the protocol has one, and report the next inbound frame. `again`: the last one is still unanswered. */
  | { type: 'probe'; again: boolean }
  /** What came was no answer: the next beat may be one. Nothing is written. */
  | { type: 'await' }
  /** Flush what is held and let `send()` through to the socket. */
  | { type: 'release' }
  /** Hand inbound messages to the app, those that came early first. */
  | { type: 'deliver' }
  /** Stop both directions and begin the close handshake. 1005: the close frame carries no code (RFC 6455 §7.1.5). */
  | { type: 'hang-up'; code: number; reason: string };

/** What the machine emits, for `actor.on(type, …)`. Durations in ms. */
export type Report =
  | {
      type: 'open';
      /** What the server calls this session; undefined where its protocol names nothing. */
      id: string | undefined;
    }
  | ({ type: 'lost' } & Failing & CloseInfo)
  | ({
      type: 'retry';
      /** Dials since the line was last stable, this one included. */
      attempt: number;
      /** Such as ECONNREFUSED or HTTP 503, where the platform tells; else ''. */
      reason: string;
      /** HTTP status of a refused upgrade, where the WebSocket class shows it (npm `ws` only). */
      status?: number;
    } & Failing)
  | {
      type: 'restored';
      id: string | undefined;
      /** Of the session that was lost. */
      previousId: string | undefined;
      /** Ms since the line was given up. */
      downFor: number;
      /** Dials since then. */
      attempts: number;
    }
  | {
      type: 'warning';
      code: Warning;
      /** For people, with the remedy. */
      message: string;
    };

/** Why a dial or a line failed, and what comes of it. */
export interface Failing {
  cause: Cause;
  /** Ms until the next dial leaves. Undefined where none will follow, Infinity where it waits until the page is seen again. */
  nextDialIn: number | undefined;
}

/** What the developers of a server should hear of. */
export type Warning =
  /** The server's first answer was outdated by its own clock: its times are ignored until the next reconnection. */
  | 'clock-distrusted'
  /** A round trip took more than half of `heartbeat.timeout`: the line will be given up although it answers. Once a visit. */
  | 'round-trip-too-long'
  /** Two lines in a row were given up without one sign of life when asked: what they carry may take longer than `heartbeat.timeout` to arrive. */
  | 'never-answered'
  /** By the second dial the server is reached, and no session was ever named: it may speak another protocol. */
  | 'never-named';

/** What the machine leaves behind. */
export interface Output extends CloseInfo {
  cause: Cause;
}

/**
 * What belongs to one connection and not to the machine, which sees no more of it than this: the time, chance, and how long the line has been
 * silent. The rest (URL, socket, buffer, listeners) stays hidden in it, from the machine and from every inspector.
 */
export interface Line {
  /** Monotonic ms. In most runtimes it stands still during sleep. */
  now(): number;
  /** Epoch ms. It may jump; it also runs during sleep, which the monotonic clock of most runtimes does not. */
  wallTime(): number;
  /** 0 ≤ x < 1. */
  random(): number;
  /** Ms by the wall clock since the last inbound frame of this visit. */
  silentFor(): number;
  obstacle(): Obstacle | undefined;
  /**
   * The connection begins. Until its actor is done, stopped or broken it is told what the platform does; from then on, whatever is sent is refused.
   */
  begin(actor: LivingActor): void;
}

/** The machine at work, as its line sees it. */
export interface LivingActor {
  send(fact: WorldFact): void;
  subscribe(observer: { complete(): void; error(error: unknown): void }): unknown;
}

export type WorldFact = Extract<Fact, { type: `world.${string}` }>;
