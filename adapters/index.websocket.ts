/** `systole/websocket`: a WebSocket for machines, and one for everything else. */
export type { Amount, BufferBounds, Dropped, Sendable } from './buffer.ts';
export {
  type HeartbeatCloseEvent,
  HeartbeatWebSocket,
  type HeartbeatWebSocketEventMap,
  type HeartbeatWebSocketOptions,
} from './drop-in.ts';
export type { DataPlane, MessageListener } from './line.ts';
export { connectionInput, type ConnectionOptions } from './options.ts';
export type { Frame, Protocol } from './protocols/protocol.ts';
export { type ConnectionActor, lineOf, webSocketActor } from './websocket.ts';
