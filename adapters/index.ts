/** `systole`: what most apps need. */
export type { Cause, CloseInfo, Loss, State } from '../machines/events.ts';
export type { Backoff, BackoffFunction } from '../machines/backoff.ts';
export { detectionBound, type Heartbeat } from '../machines/settings.ts';
export type { Amount, BufferBounds, Dropped, Sendable } from './buffer.ts';
export type { Clock } from './clock.ts';
export {
  connect,
  type Connection,
  type ConnectionEvents,
  type ConnectionListener,
  type CodecOptions,
  type ConnectOptions,
} from './connect.ts';
export { type Codec, codec, type CodecFunctions, type Invalid, type Issue } from './codec.ts';
export { json, type JsonOptions, type StandardSchema } from './json.ts';
export type { Snapshot, SnapshotListener, SnapshotObserver } from './snapshot.ts';
export type { DialContext } from './asked.ts';
export type { ProtocolsOption, UrlOption } from './dial.ts';
export type { HeadersLike, HeadersOption } from './web-socket.ts';
export type { LifecycleOptions, Platform } from './lifecycle.ts';
export type { Frame, Protocol, Session } from './protocols/protocol.ts';
export type { WebSocketClass, WebSocketLike } from './web-socket.ts';
